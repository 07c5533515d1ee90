"""Room on disks: nobody counts on bytes promised to another."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
from django.db import connection
from django.utils import timezone

from core.errors import StorageFullError
from core.models import Run
from downloads.models import FileTransfer, RoomPromise, RunTransfers
from downloads.policy import AT_ONCE, MARGIN, Need, needs_of, shortage
from downloads.selectors import promised
from downloads.services import room
from downloads.services.rows import prepare
from registry.services.versions import FileEntry, pin_version
from tests.factories.registry import ModelFactory

GB = 10**9


def test_on_one_disk_a_file_is_counted_once_and_what_is_staged_not_at_all():
    others = {"arriving": 7, "to_store": 9, "beside": {"staging": 2}}
    (need,) = needs_of([(10, 4), (5, 5)], free={"staging": 100}, **others)
    assert need == Need("staging", 6 + MARGIN, 100, 7 + 2)


def test_a_store_on_its_own_disk_needs_all_and_staging_what_moves_at_once():
    files = [(100, 0)] * (AT_ONCE + 4)
    others = {"arriving": 5000, "to_store": 6000, "beside": {"staging": 7, "store": 8}}
    staging, store = needs_of(files, free={"staging": 1, "store": 2}, **others)
    assert staging == Need("staging", 100 * AT_ONCE + MARGIN, 1, 100 * AT_ONCE + 7)
    assert store == Need("store", 100 * (AT_ONCE + 4) + MARGIN, 2, 6000 + 8)


def test_what_is_all_there_needs_nothing():
    others = {"arriving": 0, "to_store": 0, "beside": {"staging": 1}}
    assert needs_of([(10, 10), (5, 9)], free={"staging": 0}, **others) == []


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
    monkeypatch.setattr(room, "free_bytes", lambda path: left.bytes)
    return left


@pytest.mark.django_db
def test_two_runs_do_not_count_on_the_same_free_bytes(free):
    first, second = run_with(6 * GB, number=1), run_with(6 * GB, number=2)
    room.reserve(first, [(6 * GB, 0)])
    with pytest.raises(StorageFullError) as caught:
        room.reserve(second, [(6 * GB, 0)])
    assert caught.value.waits
    assert caught.value.details["promised_bytes"] == 6 * GB
    assert "promised to others" in caught.value.message
    room.reserve(first, [(6 * GB, 0)])  # its own promise is not in its way


@pytest.mark.django_db
def test_a_run_that_was_refused_holds_nothing(free):
    first, second = run_with(60 * GB, number=1), run_with(6 * GB, number=2)
    with pytest.raises(StorageFullError):
        room.reserve(first, [(60 * GB, 0)])
    room.reserve(second, [(6 * GB, 0)])


@pytest.mark.django_db
def test_what_has_arrived_is_promised_no_more(free):
    first, second = run_with(6 * GB, number=1), run_with(6 * GB, number=2)
    room.reserve(first, [(6 * GB, 0)])
    FileTransfer.objects.filter(run=first).update(done=4 * GB)
    free.bytes -= 4 * GB
    assert promised(except_run=second).arriving == 2 * GB
    with pytest.raises(StorageFullError):
        room.reserve(second, [(6 * GB, 0)])
    free.bytes += 3 * GB
    room.reserve(second, [(6 * GB, 0)])


@pytest.mark.django_db
def test_a_promise_ends_with_its_run(free):
    first, second = run_with(6 * GB, number=1), run_with(6 * GB, number=2)
    room.reserve(first, [(6 * GB, 0)])
    Run.objects.filter(pk=first.pk).update(state="failed", finished_at=timezone.now())
    room.reserve(second, [(6 * GB, 0)])


@pytest.mark.django_db(transaction=True)
def test_of_many_that_ask_at_once_as_many_get_room_as_there_is(free):
    runs = [run_with(3 * GB, number=n) for n in range(1, 9)]
    got, refused = [], []

    def ask(run):
        try:
            room.reserve(run, [(3 * GB, 0)])
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


def a_run(number):
    """A run that moves no single files, as that of a bundle."""
    return Run.objects.create(kind="bundle-import", key=f"bundle {number}", state="running")


@pytest.mark.django_db
def test_bundles_imports_and_uploads_count_on_no_byte_twice(free, tmp_path, monkeypatch):
    folder = tmp_path / "elsewhere on the disk"
    room.promise(a_run(1), {folder: 3 * GB})
    with pytest.raises(StorageFullError) as caught:
        room.promise(a_run(2), {folder: 7 * GB})
    assert caught.value.details["promised_bytes"] == 3 * GB
    with pytest.raises(StorageFullError, match="promised to others"):
        room.reserve(run_with(7 * GB), [(7 * GB, 0)])
    importing = run_with(3 * GB, number=2)
    room.reserve(importing, [(3 * GB, 0)])
    monkeypatch.setitem(room._announced, "others", lambda: (tmp_path / "uploads", 2 * GB))
    for asking in (a_run(3), None):
        with pytest.raises(StorageFullError) as caught:
            room.promise(asking, {folder: 2 * GB})
        assert caught.value.details["promised_bytes"] == 8 * GB
    room.promise(None, {folder: 1 * GB})


@pytest.mark.django_db
def test_room_that_is_used_up_given_back_or_of_a_run_that_ended_is_promised_no_more(free, tmp_path):
    first, second, third = a_run(1), a_run(2), a_run(3)
    kept = room.promise(first, {tmp_path: 9 * GB})
    kept.left(8 * GB)
    assert RoomPromise.objects.get().left == 9 * GB  # noted every few seconds
    kept.left(0)
    room.promise(second, {tmp_path: 9 * GB})
    room.promise(second, {tmp_path: 5 * GB})  # asked for anew by the next worker
    with pytest.raises(StorageFullError):
        room.promise(third, {tmp_path: 5 * GB})
    Run.objects.filter(pk=second.pk).update(state="failed", finished_at=timezone.now())
    room.promise(third, {tmp_path: 5 * GB})


@pytest.mark.django_db
def test_who_is_refused_for_one_disk_holds_nothing_on_the_other(free, tmp_path):
    with pytest.raises(StorageFullError):
        room.promise(a_run(1), {tmp_path / "small": 1 * GB, tmp_path / "large": 10 * GB})
    assert not RoomPromise.objects.exists()


@pytest.mark.django_db
def test_a_nearly_full_yard_stops_imports_and_not_what_goes_elsewhere(free, tmp_path, monkeypatch):
    def full():
        raise StorageFullError("The disk of store is 96 % full")

    monkeypatch.setattr(room, "check_room", full)
    with pytest.raises(StorageFullError, match="96 % full"):
        room.reserve(run_with(1 * GB), [(1 * GB, 0)])
    room.promise(None, {tmp_path / "a stick": 1 * GB})


@pytest.mark.django_db
def test_another_disk_is_none_of_its_business(free, tmp_path, monkeypatch):
    monkeypatch.setattr(room, "same_volume", lambda one, other: one.name == other.name)
    room.promise(a_run(1), {tmp_path / "a": 9 * GB})
    room.promise(a_run(2), {tmp_path / "b": 9 * GB})


def test_contents_one_after_the_other_need_staging_for_the_largest(settings, monkeypatch, tmp_path):
    settings.STAGING_DIR, settings.STORE_DIR = tmp_path / "staging", tmp_path / "store"
    settings.S3_ENDPOINT = ""
    assert room.of_contents([1, 5, 2]) == {tmp_path / "staging": 8}
    assert room.of_contents([]) == {tmp_path / "staging": 0}
    monkeypatch.setattr(room, "same_volume", lambda *_: False)
    assert room.of_contents([1, 5, 2]) == {tmp_path / "staging": 5, tmp_path / "store": 8}
    settings.S3_ENDPOINT = "http://127.0.0.1:1"
    assert room.of_contents([1, 5, 2]) == {tmp_path / "staging": 5}
