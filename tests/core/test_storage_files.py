"""The content store on a file system: links, other disks, full disks."""

from __future__ import annotations

import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from core.errors import IntegrityError, NotFoundError, StorageError, StorageFullError
from core.storage import FileContentStore
from core.storage.faults import local_faults
from tests.core.contents import ABSENT, data, staged

__all__ = ["data"]


def test_a_stored_file_is_read_only_and_known_by_its_path(tmp_path, data):
    store = FileContentStore(tmp_path / "store")
    store.prepare()
    path, sha256, size = staged(tmp_path / "staging", data)
    key = store.put(path, sha256, size)
    assert store.local_path(sha256) == tmp_path / "store" / key
    assert store.local_path(sha256).stat().st_mode & 0o777 == 0o444
    assert store.url(sha256, expires=60, filename="x") is None
    with pytest.raises(NotFoundError):
        store.local_path(ABSENT)


def test_a_staging_file_with_a_second_name_is_copied_not_moved(tmp_path, data):
    store = FileContentStore(tmp_path / "store")
    store.prepare()
    path, sha256, size = staged(tmp_path / "staging", data)
    other = tmp_path / "other-name"
    other.hardlink_to(path)
    store.put(path, sha256, size)
    other.write_bytes(b"changed through the other name")
    assert store.read_range(sha256, 0, size) == data


def test_staging_on_another_file_system_is_taken_in(tmp_path, data):
    memory = Path("/dev/shm")  # noqa: S108 the other file system every Linux has
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("no second file system")
    store = FileContentStore(tmp_path / "store")
    store.prepare()
    with TemporaryDirectory(dir=memory) as folder:
        path, sha256, size = staged(Path(folder), data)
        store.put(path, sha256, size)
        assert not path.exists()
        copy = store.materialize(sha256, Path(folder) / "scan")
        assert copy.read_bytes() == data
        assert copy.stat().st_mode & 0o777 == 0o444
    assert store.read_range(sha256, 0, size) == data


def test_a_copy_that_is_not_what_its_hash_says_is_never_stored(tmp_path, data):
    store = FileContentStore(tmp_path / "store")
    store.prepare()
    path, _, size = staged(tmp_path / "staging", data)
    (tmp_path / "second").hardlink_to(path)  # a second name makes the store copy
    with pytest.raises(IntegrityError) as caught:
        store.put(path, ABSENT, size)
    assert caught.value.details["expected"] == ABSENT
    assert caught.value.details["actual"] == hashlib.sha256(data).hexdigest()
    assert list(store.iter_contents()) == []
    assert list((tmp_path / "store" / "incoming").iterdir()) == []


@pytest.mark.parametrize("name", ["ENOSPC", "EDQUOT"])
def test_a_full_disk_has_its_own_error(name):
    import errno  # noqa: PLC0415

    with pytest.raises(StorageFullError), local_faults("Content x"):
        raise OSError(getattr(errno, name), "full")
    with pytest.raises(StorageError) as caught, local_faults("Content x"):
        raise OSError(errno.EIO, "Input/output error")
    assert not isinstance(caught.value, StorageFullError)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_write_onto_a_full_device_is_storage_full():
    with pytest.raises(StorageFullError), local_faults("x"), Path("/dev/full").open("wb") as file:
        file.write(b"x" * 100_000)
