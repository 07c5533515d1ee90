"""Room on disks: nobody counts on bytes promised to another, and full disks stop imports."""

from __future__ import annotations

import shutil
import subprocess
import threading
from types import SimpleNamespace

import pytest
from django.db import connection
from django.utils import timezone

from core.errors import StorageFullError
from core.models import Run
from core.storage.configured import content_store
from core.volumes import Volume
from downloads import disks
from downloads.models import FileTransfer, RunTransfers
from downloads.policy import AT_ONCE, MARGIN, Need, needs_of, shortage
from downloads.selectors import promised
from downloads.services import space
from downloads.services.rows import prepare
from registry.services.versions import FileEntry, pin_version
from tests.factories.registry import ModelFactory

GB = 10**9


def test_on_one_disk_a_file_is_counted_once_and_what_is_staged_not_at_all():
    (need,) = needs_of([(10, 4), (5, 5)], free={"staging": 100}, arriving=7, to_store=9)
    assert need == Need("staging", 6 + MARGIN, 100, 7)


def test_a_store_on_its_own_disk_needs_all_and_staging_what_moves_at_once():
    files = [(100, 0)] * (AT_ONCE + 4)
    staging, store = needs_of(files, free={"staging": 1, "store": 2}, arriving=5000, to_store=6000)
    assert staging == Need("staging", 100 * AT_ONCE + MARGIN, 1, 100 * AT_ONCE)
    assert store == Need("store", 100 * (AT_ONCE + 4) + MARGIN, 2, 6000)


def test_what_is_all_there_needs_nothing():
    assert needs_of([(10, 10), (5, 9)], free={"staging": 0}, arriving=0, to_store=0) == []


@pytest.mark.parametrize(
    ("needed", "others", "free", "lacking"),
    [(10, 0, 10, 0), (10, 0, 9, 1), (10, 5, 14, 1), (10, 5, 15, 0), (0, 0, 0, 0)],
)
def test_what_is_promised_to_others_is_not_free(needed, others, free, lacking):
    assert shortage(Need("staging", needed, free, others)) == lacking


def run_with(size, *, number=1):
    """A run that is about to fetch one file of that size."""
    entry = FileEntry("a.bin", size, "", f"{number:064x}")
    version = pin_version(model=ModelFactory(), commit=f"{number:040d}", files=[entry], facts={})
    run = Run.objects.create(kind="intake", key=f"run {number}", state="running")
    prepare(run, "huggingface", version.files.all())
    return run


@pytest.fixture
def free(settings, tmp_path, monkeypatch):
    """The bytes that are free, as this test says; the disk itself is not that small."""
    settings.STAGING_DIR, settings.STORE_DIR = tmp_path / "staging", tmp_path / "store"
    settings.S3_ENDPOINT, settings.DISK_PAUSE_PERCENT = "", 100
    left = SimpleNamespace(bytes=10 * GB)
    monkeypatch.setattr(space, "free_bytes", lambda path: left.bytes)
    return left


@pytest.mark.django_db
def test_two_runs_do_not_count_on_the_same_free_bytes(free):
    first, second = run_with(6 * GB, number=1), run_with(6 * GB, number=2)
    space.reserve(first, [(6 * GB, 0)])
    with pytest.raises(StorageFullError) as caught:
        space.reserve(second, [(6 * GB, 0)])
    assert caught.value.waits
    assert caught.value.details["promised_bytes"] == 6 * GB
    assert "promised to other jobs" in caught.value.message
    space.reserve(first, [(6 * GB, 0)])  # its own promise is not in its way


@pytest.mark.django_db
def test_a_run_that_was_refused_holds_nothing(free):
    first, second = run_with(60 * GB, number=1), run_with(6 * GB, number=2)
    with pytest.raises(StorageFullError):
        space.reserve(first, [(60 * GB, 0)])
    space.reserve(second, [(6 * GB, 0)])


@pytest.mark.django_db
def test_what_has_arrived_is_promised_no_more(free):
    first, second = run_with(6 * GB, number=1), run_with(6 * GB, number=2)
    space.reserve(first, [(6 * GB, 0)])
    FileTransfer.objects.filter(run=first).update(done=4 * GB)
    free.bytes -= 4 * GB
    assert promised(except_run=second).arriving == 2 * GB
    with pytest.raises(StorageFullError):
        space.reserve(second, [(6 * GB, 0)])
    free.bytes += 3 * GB
    space.reserve(second, [(6 * GB, 0)])


@pytest.mark.django_db
def test_a_promise_ends_with_its_run(free):
    first, second = run_with(6 * GB, number=1), run_with(6 * GB, number=2)
    space.reserve(first, [(6 * GB, 0)])
    Run.objects.filter(pk=first.pk).update(state="failed", finished_at=timezone.now())
    space.reserve(second, [(6 * GB, 0)])


@pytest.mark.django_db(transaction=True)
def test_of_many_that_ask_at_once_as_many_get_room_as_there_is(free):
    runs = [run_with(3 * GB, number=n) for n in range(1, 9)]
    got, refused = [], []

    def ask(run):
        try:
            space.reserve(run, [(3 * GB, 0)])
            got.append(run)
        except StorageFullError:
            refused.append(run)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask, args=(run,)) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(got), len(refused)) == (3, 5)
    assert RunTransfers.objects.filter(room_at__isnull=False).count() == 3


@pytest.fixture
def disk(tmp_path, settings, monkeypatch):
    """A real disk of ten megabytes under staging; needs root."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    made = mount and subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=10m", "none", folder], capture_output=True, check=False
    )
    if not made or made.returncode:
        pytest.skip("no file system can be mounted here")
    settings.STATE_DIR, settings.STAGING_DIR = tmp_path, folder / "staging"
    settings.STORE_DIR, settings.SCRATCH_DIR = tmp_path / "store", tmp_path / "scratch"
    settings.S3_ENDPOINT = ""
    monkeypatch.setattr(space, "_watch", space._Watch())
    monkeypatch.setattr(space, "EVERY", 0)
    yield folder
    subprocess.run([shutil.which("umount"), "-l", folder], check=True)


def test_a_disk_that_is_nearly_full_stops_imports_until_it_is_not(disk, settings):
    settings.DISK_PAUSE_PERCENT = 80
    stops = space.watched(lambda: None)
    stops()
    (disk / "others").write_bytes(bytes(9 << 20))
    with pytest.raises(StorageFullError, match="The disk of staging is 90 % full"):
        stops()
    (disk / "others").unlink()
    stops()


def test_health_warns_of_a_disk_before_imports_wait_for_it(disk, settings):
    settings.DISK_WARN_PERCENT, settings.DISK_PAUSE_PERCENT = 50, 80
    assert disks.parts()[0].state == "ok"
    (disk / "others").write_bytes(bytes(6 << 20))
    assert (disks.parts()[0].name, disks.parts()[0].state) == ("disk of staging", "warn")
    (disk / "more").write_bytes(bytes(3 << 20))
    part = disks.parts()[0]
    assert (part.state, part.facts["percent"]) == ("bad", 90)


def test_a_disk_that_cannot_be_read_is_not_well():
    assert disks.state_of(Volume(("store",), trouble="Permission denied")) == "bad"


def test_contents_in_an_object_store_are_on_no_disk_of_this_machine(settings):
    settings.S3_ENDPOINT = "http://127.0.0.1:1"
    content_store.cache_clear()
    assert "store" not in disks.places()
    assert "cache" in disks.places()
