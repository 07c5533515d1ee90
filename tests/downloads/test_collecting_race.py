"""Importers, reusers and two collectors without any grace time on the same few contents."""

from __future__ import annotations

import hashlib
import random
import threading
from datetime import timedelta

import pytest
from django.db import connection

from core.storage.configured import content_store
from downloads.services.collecting import collect_contents
from downloads.services.reuse import reuse_stored
from downloads.services.storing import keep_file
from registry.models import ModelFile
from registry.services.versions import FileEntry, pin_version
from tests.factories.registry import ModelFactory

NOW = timedelta(0)
CONTENTS = [random.Random(n).randbytes(3000 + n) for n in range(6)]  # noqa: S311 reproducible
ROUNDS = 200


class Race:
    """Threads that bring and drop versions of the same contents while others collect."""

    def __init__(self, folder):
        self.folder, self.stop, self.faults = folder, threading.Event(), []
        self.lock, self.left = threading.Lock(), ROUNDS
        self.brought = self.reused = self.removed = 0

    def thread(self, work, *args):
        def run():
            try:
                work(*args)
            except BaseException as error:  # noqa: BLE001 told at the end
                self.faults.append(error)
                self.stop.set()
            finally:
                connection.close()

        return threading.Thread(target=run)

    def next_round(self):
        with self.lock:
            self.left -= 1
            return self.left >= 0 and not self.stop.is_set()

    def imports(self, seed):
        rng = random.Random(seed)  # noqa: S311 reproducible
        model = ModelFactory(repo_id=f"race/{seed}", slug=f"race-{seed}")
        alive = []
        while self.next_round():
            number = model.versions.count() + rng.randrange(10**9)
            datas = rng.sample(CONTENTS, 2)
            entries = [
                FileEntry(f"{i}.bin", len(data), "", hashlib.sha256(data).hexdigest())
                for i, data in enumerate(datas)
            ]
            version = pin_version(model=model, commit=f"{number:040d}", files=entries, facts={})
            self.bring(version, datas, seed)
            alive.append(version)
            while len(alive) > 1:
                alive.pop(rng.randrange(len(alive))).delete()

    def bring(self, version, datas, seed):
        """As a run does: reuse, then fetch and store what is missing; then all must be there."""
        with_reuse = reuse_stored(version)
        self.reused += with_reuse
        for file in version.files.filter(content__isnull=True):
            staging = self.folder / f"{seed}-{file.pk}.part"
            staging.write_bytes(datas[int(file.path[0])])
            keep_file(staging, file, checkpoint=lambda: None)
            self.brought += 1
        for file in version.files.all():
            data = content_store().read_range(file.content_id, 0, 1 << 20)
            assert data == datas[int(file.path[0])], f"{file.path} was lost"

    def collects(self):
        while not self.stop.is_set():
            found = collect_contents(grace=NOW, dry_run=False, report=lambda *_: None)
            self.removed += found.contents.count + found.unnoted.count
            assert found.missing.count == 0


@pytest.fixture(params=["files", "s3"])
def shelves(request, settings, tmp_path):
    """The store of the race: a file system, or a real S3 with copies on disk."""
    settings.STORE_DIR, settings.S3_ENDPOINT = tmp_path / "store", ""
    if request.param == "s3":
        seaweed = request.getfixturevalue("seaweed")
        settings.S3_ENDPOINT, settings.S3_BUCKET = seaweed.endpoint, "race"
        settings.S3_ACCESS_KEY, settings.S3_SECRET_KEY = seaweed.access_key, seaweed.secret_key
        settings.CACHE_DIR, settings.MODEL_CACHE_SIZE = tmp_path / "cache", 1 << 20
    content_store.cache_clear()
    content_store().prepare()
    yield content_store()
    content_store.cache_clear()


@pytest.mark.django_db(transaction=True)
def test_two_hundred_imports_beside_collectors_lose_no_content(shelves, tmp_path):
    race = Race(tmp_path)
    importers = [race.thread(race.imports, seed) for seed in range(4)]
    collectors = [race.thread(race.collects) for _ in range(2)]
    for thread in (*importers, *collectors):
        thread.start()
    for thread in importers:
        thread.join()
    race.stop.set()
    for thread in collectors:
        thread.join()
    assert race.faults == []
    assert race.left < 0
    assert min(race.brought, race.reused, race.removed) > 0  # they did meet
    for file in ModelFile.objects.select_related("content"):
        kept = b"".join(shelves.read_stored(file.content.sha256))
        assert hashlib.sha256(kept).hexdigest() == file.sha256
