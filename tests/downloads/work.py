"""The `work` fixture: versions whose files a server of the test has, and transfers of them."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator

import pytest

from core.errors import CancelledError
from core.http import HttpPolicy, origin_of
from core.models import Run, RunStep
from core.storage.configured import content_store
from downloads.fetchers.ranged import RangedFetcher
from downloads.links import FileLink
from downloads.policy import ARIA2_FROM
from downloads.services import Transfer, fetch, verify_and_store
from downloads.services import transfer as transfers
from registry.models import ModelVersion
from registry.services.versions import FileEntry, pin_version
from tests.factories.registry import ModelFactory
from tests.standins.files import FileServer, Served

SMALL = b"small"
BIG = random.Random(7).randbytes(ARIA2_FROM + 3)  # noqa: S311 reproducible, not secret


class Links:
    """Addresses at the server of the test; `asked` says of which files."""

    def __init__(self, server, token=""):
        self.server, self.token, self.asked = server, token, []

    def link(self, path):
        self.asked.append(path)
        return FileLink(f"{self.server.base}/{path}", self.token)


class Work:
    """Versions whose files the server has, and transfers of them."""

    def __init__(self, server):
        self.server, self.told, self.checks, self.made = server, [], 0, []
        self.stop_after = 10**9
        self.checkpoint_when = lambda: True  # a test says when somebody cancels
        self.run = Run.objects.create(kind="test", key="files", state="running")
        RunStep.objects.create(run=self.run, position=0, name="fetch", queue="downloads")

    def version(self, files, *, model=None, published=None):
        """Pin a version; files that end in .bin are published with their SHA-256."""
        for path, data in files.items():
            self.server.add(f"/{path}", Served(data))
        told = {**files, **(published or {})}
        entries = [FileEntry(path, len(data), *_hashes(path, data)) for path, data in told.items()]
        model = model or ModelFactory()
        number = model.versions.count()
        return pin_version(model=model, commit=f"{number:040d}", files=entries, facts={})

    def transfer(self, version, *, token=""):
        policy = HttpPolicy(
            allowed_origins=frozenset({origin_of(self.server.base)}), sleep=lambda _: None
        )
        links = Links(self.server, token)
        made = Transfer(
            run=self.run,
            version=version,
            links=links,
            http=policy,
            report=lambda *what: self.told.append(what),
            checkpoint=self.checkpoint,
        )
        self.made.append(made)
        return made

    def checkpoint(self):
        self.checks += 1
        if self.checks > self.stop_after or not self.checkpoint_when():
            raise CancelledError("Cancelled on request")

    def sent(self, path):
        return self.server.sent[f"/{path}"]


def _hashes(path, data):
    git = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()  # noqa: S324 git's own
    return git, hashlib.sha256(data).hexdigest() if path.endswith(".bin") else ""


@pytest.fixture
def work(db, settings, tmp_path, monkeypatch) -> Iterator[Work]:
    settings.STAGING_DIR, settings.STORE_DIR = tmp_path / "staging", tmp_path / "store"
    settings.S3_ENDPOINT = settings.ARIA2_RPC_URL = ""
    monkeypatch.setattr(transfers, "RangedFetcher", lambda *a, **k: RangedFetcher(*a, pause=0, **k))
    content_store.cache_clear()
    content_store().prepare()
    with FileServer() as server:
        work = Work(server)
        yield work
        for transfer in work.made:
            transfer.close()
    content_store.cache_clear()


def stored(version: ModelVersion) -> dict[str, bytes]:
    store = content_store()
    return {
        file.path: store.read_range(file.content_id, 0, 1 << 30)
        for file in version.files.filter(content__isnull=False)
    }


def bring(work, version):
    transfer = work.transfer(version)
    fetch(transfer)
    verify_and_store(transfer)
    return transfer
