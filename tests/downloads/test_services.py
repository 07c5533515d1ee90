"""From the plan to the store: every file of a version, whatever an earlier worker left behind."""

from __future__ import annotations

import hashlib
import threading

import pytest
from django.db import connection

from core.errors import BytesDifferError, CancelledError, StorageError, StorageFullError
from core.storage.configured import content_store
from downloads.models import FileTransfer
from downloads.policy import MARGIN
from downloads.services import discard_staged, fetch, reuse_stored, verify_and_store
from downloads.services.storing import keep_arrived
from registry.models import Content
from registry.services.contents import _lock_key
from registry.services.versions import FileEntry, pin_version
from tests.downloads.work import BIG, SMALL, bring, stored
from tests.factories.registry import ModelFactory


def test_files_come_the_small_ones_first_and_are_stored(work, settings):
    files = {"b.bin": b"b" * 1000, "a.txt": b"a" * 10, "none.txt": b""}
    version = work.version(files)
    transfer = bring(work, version)
    assert sorted(transfer.links.asked) == ["a.txt", "b.bin", "none.txt"]
    begun = FileTransfer.objects.order_by("started_at").values_list("file__path", flat=True)
    assert list(begun) == ["none.txt", "a.txt", "b.bin"]
    assert stored(version) == files
    assert list(settings.STAGING_DIR.iterdir()) == []
    assert Content.objects.count() == 3
    for file in version.files.all():
        assert file.sha256 == hashlib.sha256(files[file.path]).hexdigest()


def test_progress_only_grows_and_ends_at_the_whole(work):
    fetch(work.transfer(work.version({"a.txt": b"a" * 10, "b.bin": b"b" * 1000})))
    done = [one[0] for one in work.told]
    assert done == sorted(done)
    assert work.told[-1][:2] == (1010, 1010)


def test_what_is_stored_is_neither_fetched_nor_asked_for(work):
    bring(work, work.version({"a.bin": BIG[:1000]}))
    again = work.version({"other-name.bin": BIG[:1000]})
    assert bring(work, again).links.asked == []
    assert stored(again) == {"other-name.bin": BIG[:1000]}
    assert Content.objects.count() == 1


def test_a_small_file_is_known_again_within_its_model_alone(work):
    first = work.version({"a.txt": b"same"})
    bring(work, first)
    assert reuse_stored(work.version({"a.txt": b"same"})) == 0
    assert reuse_stored(work.version({"b.txt": b"same"}, model=first.model)) == 1


def test_what_a_dead_worker_staged_of_a_stored_content_is_dropped(work, settings):
    first = work.version({"a.txt": b"same"})
    bring(work, first)
    again = work.version({"a.txt": b"same", "b.txt": b"other"}, model=first.model)
    transfer = work.transfer(again)
    transfer.staging(again.files.get(path="a.txt")).write_bytes(b"same")
    bring(work, again)
    assert stored(again) == {"a.txt": b"same", "b.txt": b"other"}
    assert list(settings.STAGING_DIR.iterdir()) == []


def test_a_published_size_that_differs_from_what_is_stored_is_not_reused(work):
    bring(work, work.version({"a.bin": SMALL}))
    entry = FileEntry("b.bin", len(SMALL) + 1, "", hashlib.sha256(SMALL).hexdigest())
    version = pin_version(model=ModelFactory(), commit="f" * 40, files=[entry], facts={})
    assert reuse_stored(version) == 0


def test_a_worker_continues_where_another_ended(work, settings):
    version = work.version({"a.bin": BIG})
    transfer = work.transfer(version)
    settings.STAGING_DIR.mkdir()
    transfer.staging(version.files.get()).write_bytes(BIG[: 5 << 20])
    bring(work, version)
    assert stored(version) == {"a.bin": BIG}
    assert work.sent("a.bin") == len(BIG) - (5 << 20)


def test_a_file_that_is_whole_in_staging_is_not_fetched_again(work, settings):
    version = work.version({"a.bin": BIG})
    transfer = work.transfer(version)
    settings.STAGING_DIR.mkdir()
    transfer.staging(version.files.get()).write_bytes(BIG)
    bring(work, version)
    assert work.sent("a.bin") == 0
    assert stored(version) == {"a.bin": BIG}


def test_other_bytes_in_staging_are_thrown_away_and_fetched_afresh(work, settings):
    version = work.version({"a.bin": BIG})
    transfer = work.transfer(version)
    settings.STAGING_DIR.mkdir()
    transfer.staging(version.files.get()).write_bytes(bytes(len(BIG)))
    bring(work, version)
    assert stored(version) == {"a.bin": BIG}


def test_a_worker_that_died_between_store_and_row_is_followed(work, settings):
    version = work.version({"a.bin": BIG, "b.txt": SMALL})
    transfer = work.transfer(version)
    fetch(transfer)
    for file in version.files.all():
        data = BIG if file.path == "a.bin" else SMALL
        staged = transfer.staging(file)
        content_store().put(staged, hashlib.sha256(data).hexdigest(), len(data))
        assert not staged.exists()
    verify_and_store(work.transfer(version))
    assert stored(version) == {"a.bin": BIG, "b.txt": SMALL}
    assert work.sent("a.bin") == len(BIG)
    assert list(settings.STAGING_DIR.iterdir()) == []


def test_bytes_that_always_differ_end_with_both_hashes_and_no_file(work, settings):
    version = work.version({"a.bin": b"evil!"}, published={"a.bin": b"good!"})
    transfer = work.transfer(version)
    fetch(transfer)
    with pytest.raises(BytesDifferError) as caught:
        verify_and_store(transfer)
    good, evil = (hashlib.sha256(data).hexdigest() for data in (b"good!", b"evil!"))
    assert good in caught.value.message
    assert evil in caught.value.message
    assert not caught.value.retryable
    assert caught.value.details["path"] == "a.bin"
    assert len(work.server.requests("/a.bin")) == 3
    assert list(settings.STAGING_DIR.iterdir()) == []
    assert stored(version) == {}
    assert not Content.objects.exists()


def test_files_before_the_bad_one_are_kept(work):
    files = {"a.txt": b"a", "z.bin": b"evil!"}
    version = work.version(files, published={"z.bin": b"good!"})
    with pytest.raises(BytesDifferError):
        bring(work, version)
    assert stored(version) == {"a.txt": b"a"}


def test_a_cancel_is_heard_before_a_file_moves(work):
    work.stop_after = 0
    with pytest.raises(CancelledError):
        fetch(work.transfer(work.version({"a.txt": SMALL})))
    assert work.sent("a.txt") == 0


def test_a_cancel_is_heard_inside_a_file(work):
    version = work.version({"a.txt": SMALL, "b.bin": BIG})
    work.server.files["/b.bin"].hold = hold = threading.Event()
    work.checkpoint_when = lambda: not work.sent("b.bin")
    try:
        with pytest.raises(CancelledError):
            fetch(work.transfer(version))
    finally:
        hold.set()
    discard_staged(version)
    assert stored(version) == {}


def test_what_a_cancel_throws_away_is_that_version_s_alone(work, settings):
    kept, dropped = work.version({"a.bin": SMALL}), work.version({"b.bin": b"other"})
    for version in (kept, dropped):
        fetch(work.transfer(version))
    discard_staged(dropped)
    assert [path.read_bytes() for path in settings.STAGING_DIR.iterdir()] == [SMALL]


def test_a_disk_that_is_too_small_is_refused_before_anything_is_asked(work):
    huge = FileEntry("a.bin", 1 << 49, "", "0" * 64)
    version = pin_version(model=ModelFactory(), commit="e" * 40, files=[huge], facts={})
    transfer = work.transfer(version)
    with pytest.raises(StorageFullError) as caught:
        fetch(transfer)
    assert caught.value.details["needed_bytes"] == (1 << 49) + MARGIN
    assert "free space" in caught.value.message
    assert transfer.links.asked == []


def test_a_staging_folder_that_cannot_be_made_is_a_fault_of_the_storage(work, settings, tmp_path):
    (tmp_path / "file").write_text("in the way")
    settings.STAGING_DIR = tmp_path / "file" / "staging"
    with pytest.raises(StorageError):
        fetch(work.transfer(work.version({"a.txt": SMALL})))


def test_a_link_in_staging_is_not_followed(work, settings, tmp_path):
    version = work.version({"a.txt": SMALL})
    transfer = work.transfer(version)
    settings.STAGING_DIR.mkdir()
    victim = tmp_path / "victim"
    victim.write_bytes(b"")
    transfer.staging(version.files.get()).symlink_to(victim)
    with pytest.raises(StorageError):
        fetch(transfer)
    assert victim.read_bytes() == b""


def test_upstream_names_never_reach_the_disk(work, settings):
    version = work.version({"deep/name.txt": SMALL})
    fetch(work.transfer(version))
    (staged,) = settings.STAGING_DIR.iterdir()
    assert staged.suffix == ".part"
    assert "name" not in staged.name


def test_bytes_that_another_worker_stores_are_left_to_the_step_that_verifies(work):
    version = work.version({"a.bin": BIG})
    transfer, file = work.transfer(version), version.files.get()
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(%s)", [_lock_key(file.sha256)])
        fetch(transfer, keep=keep_arrived)
    other.close()
    assert transfer.staging(file).stat().st_size == len(BIG)
    verify_and_store(transfer)
    assert stored(version) == {"a.bin": BIG}
