"""The copies in front of a far store: right, bounded, shared, and never needed."""

from __future__ import annotations

import fcntl
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import threading

import pytest

from core.errors import IntegrityError, NotFoundError, StorageError
from core.storage import FileContentStore
from core.storage.cache import DiskCache
from core.storage.cached import CachedContentStore

MB = 1 << 20
MOUNT, UMOUNT = shutil.which("mount"), shutil.which("umount")


class FarStore(FileContentStore):
    """A file system that counts what is read from it, as if it were far away."""

    def __init__(self, root):
        super().__init__(root)
        self.read = []

    def open_range(self, sha256, start=0, length=None, *, piece=MB):
        self.read.append((sha256, start, length))
        return super().open_range(sha256, start, length, piece=piece)

    def _take(self, path, sha256, size):
        """Leave the staging file where it is, as S3 does."""
        sent = path.with_suffix(".sent")
        shutil.copyfile(path, sent)
        super()._take(sent, sha256, size)

    def hashes(self, path, size):
        return True


def data_of(number, size=MB):
    return random.Random(number).randbytes(size)  # noqa: S311 reproducible


def sha_of(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def far(tmp_path):
    store = FarStore(tmp_path / "far")
    store.prepare()
    return store


@pytest.fixture
def near(far, tmp_path):
    return CachedContentStore(far, DiskCache(tmp_path / "cache", 5 * MB))


def put(store, folder, data):
    folder.mkdir(exist_ok=True)
    staged = folder / sha_of(data)
    staged.write_bytes(data)
    store.put(staged, sha_of(data), len(data))
    assert not staged.exists()
    return sha_of(data)


def test_what_was_just_stored_is_read_from_the_copy(near, far, tmp_path):
    data = data_of(1)
    sha256 = put(near, tmp_path / "staging", data)
    assert b"".join(near.open_range(sha256)) == data
    assert near.read_range(sha256, 5, 10) == data[5:15]
    with near.open(sha256) as file:
        assert (file.seek(-4, os.SEEK_END), file.read()) == (len(data) - 4, data[-4:])
    assert near.materialize(sha256, tmp_path / "scan").read_bytes() == data
    assert far.read == []
    assert b"".join(near.read_stored(sha256)) == data
    assert len(far.read) == 1


def test_a_scanner_gets_a_copy_that_stays_when_the_cache_lets_it_go(near, far, tmp_path):
    data = data_of(1)
    sha256 = put(far, tmp_path / "staging", data)
    local = near.materialize(sha256, tmp_path / "scan")
    near.materialize(sha256, tmp_path / "again")
    assert len(far.read) == 1
    near.cache.forget(sha256)
    assert local.read_bytes() == data
    assert local.stat().st_mode & 0o777 == 0o444


def test_a_whole_reading_leaves_a_copy_and_a_part_does_not(near, far, tmp_path):
    data = data_of(1, 3 * MB)
    sha256 = put(far, tmp_path / "staging", data)
    assert near.read_range(sha256, 0, 2 * MB) == data[: 2 * MB]
    assert near.cache.find(sha256) is None
    assert near.read_range(sha256, 0, 3 * MB) == data
    assert near.cache.find(sha256).read_bytes() == data
    far.read.clear()
    assert near.read_range(sha256, 7, MB) == data[7 : MB + 7]
    assert far.read == []


def test_a_reader_that_has_all_of_it_and_asks_no_more_leaves_a_copy(near, far, tmp_path):
    data = data_of(1, 3 * MB)
    sha256 = put(far, tmp_path / "staging", data)
    chunks = near.open_range(sha256, 0, 3 * MB)
    assert b"".join(next(chunks) for _ in range(3)) == data
    assert near.cache.find(sha256).read_bytes() == data
    chunks.close()
    assert near.cache.find(sha256).read_bytes() == data
    assert list(near.cache.folder.glob("*.partial")) == []


def test_a_reader_that_goes_away_leaves_nothing(near, far, tmp_path):
    data = data_of(1, 3 * MB)
    sha256 = put(far, tmp_path / "staging", data)
    chunks = near.open_range(sha256, 0, 3 * MB)
    next(chunks)
    chunks.close()
    assert near.cache.find(sha256) is None
    assert near.cache.use().count == 0
    assert list(near.cache.folder.glob("*.partial")) == []
    assert near.cache._read() == 0


def test_it_never_holds_more_than_its_bytes_and_keeps_what_was_used_last(near, far, tmp_path):
    shas = [put(far, tmp_path / "staging", data_of(n)) for n in range(8)]
    for n, sha256 in enumerate(shas):
        near.materialize(sha256, tmp_path / "scan")
        near.cache.find(shas[0])
        assert near.cache.use().size <= 5 * MB
        os.utime(near.cache._path(sha256), (n, n))
        if n:
            os.utime(near.cache._path(shas[0]))
    assert near.cache.find(shas[0]) is not None
    assert near.cache.find(shas[1]) is None
    assert near.cache.find(shas[-1]) is not None


def test_what_is_larger_than_the_cache_comes_from_the_store(near, far, tmp_path):
    data = data_of(1, 6 * MB)
    sha256 = put(near, tmp_path / "staging", data)
    assert near.materialize(sha256, tmp_path / "scan").read_bytes() == data
    assert near.cache.use().count == 0


def test_other_bytes_are_neither_stored_nor_copied(near, far, tmp_path):
    data = data_of(1)
    sha256 = put(far, tmp_path / "staging", data)
    path = far.local_path(sha256)
    path.chmod(0o600)
    path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    with pytest.raises(IntegrityError):
        near.materialize(sha256, tmp_path / "scan")
    assert b"".join(near.open_range(sha256, 0, MB)) != data  # the same bytes, but no copy of them
    assert near.cache.use().count == 0


def test_a_content_that_is_gone_has_no_copy(near, far, tmp_path):
    sha256 = put(near, tmp_path / "staging", data_of(1))
    near.delete(sha256)
    assert near.cache.find(sha256) is None
    with pytest.raises(NotFoundError):
        near.open(sha256)
    assert not near.exists(sha256)


def test_a_store_that_is_away_is_an_error_and_no_empty_copy(near, far, tmp_path):
    sha256 = put(far, tmp_path / "staging", data_of(1))
    far.root.rename(tmp_path / "unmounted")
    with pytest.raises(StorageError):
        near.materialize(sha256, tmp_path / "scan")
    assert near.cache.use().count == 0


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    made = MOUNT and subprocess.run(
        [MOUNT, "-t", "tmpfs", "-o", "size=2m", "none", folder], capture_output=True, check=False
    )
    if not made or made.returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run([UMOUNT, "-l", folder], check=True)


def test_a_full_disk_of_the_cache_hinders_nobody(far, small_disk, tmp_path):
    near = CachedContentStore(far, DiskCache(small_disk / "cache", 50 * MB))
    data = data_of(1, 4 * MB)
    sha256 = put(near, tmp_path / "staging", data)
    assert near.materialize(sha256, tmp_path / "scan").read_bytes() == data
    assert near.read_range(sha256, 0, 4 * MB) == data
    assert near.cache.use().count == 0
    assert near.cache._read() == 0
    small = put(near, tmp_path / "staging", data_of(2, MB))
    assert near.cache.find(small) is not None


FILL = """
import sys, time, random, hashlib
from pathlib import Path
from core.storage.cache import DiskCache
cache = DiskCache(Path(sys.argv[1]), 5 << 20)
def fill(partial):
    partial.write_bytes(bytes(1000))
    print("writing", flush=True)
    time.sleep(60)
cache.add("a" * 64, 3 << 20, fill)
"""


def test_the_promise_of_a_process_that_was_killed_is_taken_back(near, far, tmp_path):
    child = subprocess.Popen(
        [sys.executable, "-c", FILL, near.cache.folder], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline() == "writing\n"
    shas = [put(far, tmp_path / "staging", data_of(n)) for n in range(4)]
    for sha256 in shas:
        near.materialize(sha256, tmp_path / "scan")
    assert near.cache.use().size <= 2 * MB  # three are promised to the child
    child.send_signal(signal.SIGKILL)
    child.communicate()
    near.cache.clear()
    assert list(near.cache.folder.glob("*.partial")) == []
    for sha256 in shas:
        near.materialize(sha256, tmp_path / "scan")
    assert near.cache.use().size == 4 * MB


def test_many_readers_at_once_share_copies_within_the_bytes(near, far, tmp_path):
    datas = {sha_of(data): data for data in map(data_of, range(9))}
    for data in datas.values():
        put(far, tmp_path / "staging", data)
    faults, most = [], []

    def read(seed):
        rng = random.Random(seed)  # noqa: S311 reproducible
        mine = CachedContentStore(far, DiskCache(near.cache.folder, 5 * MB))
        for turn in range(25):
            sha256 = rng.choice(sorted(datas))
            into = tmp_path / f"scan-{seed}-{turn}"
            if mine.materialize(sha256, into).read_bytes() != datas[sha256]:
                faults.append(sha256)
            shutil.rmtree(into)
            with mine.cache._locked():  # nothing is evicted between the first and the last copy
                most.append(mine.cache.use().size)

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert len(most) == 100
    assert max(most) <= 5 * MB
    assert near.cache._read() >= near.cache.use().size


def test_a_ledger_that_was_lost_is_counted_anew(near, far, tmp_path):
    sha256 = put(near, tmp_path / "staging", data_of(1))
    (near.cache.folder / "taken").write_text("")
    near.materialize(sha256, tmp_path / "scan")
    put(near, tmp_path / "staging", data_of(2))
    assert near.cache._read() == 2 * MB


def test_the_lock_is_given_back(near, far, tmp_path):
    put(near, tmp_path / "staging", data_of(1))
    with (near.cache.folder / "lock").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
