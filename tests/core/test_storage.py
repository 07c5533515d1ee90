"""One contract for every content store, on a real file system and a real S3."""

from __future__ import annotations

import hashlib
import os
import random
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2
import pytest

from core.errors import (
    IntegrityError,
    InvalidInputError,
    NotFoundError,
    StorageError,
    StorageFullError,
)
from core.storage import ContentStore, FileContentStore, S3ContentStore, content_key
from core.storage.faults import local_faults, s3_faults
from tests.services.ports import free_ports

ABSENT = "0" * 64


def random_bytes(size: int, seed: str) -> bytes:
    return random.Random(seed).randbytes(size)  # noqa: S311 reproducible, not secret


def staged(folder: Path, data: bytes) -> tuple[Path, str, int]:
    folder.mkdir(exist_ok=True)
    sha256 = hashlib.sha256(data).hexdigest()
    path = folder / f"{sha256}.part"
    path.write_bytes(data)
    return path, sha256, len(data)


@pytest.fixture(params=["files", pytest.param("s3", marks=pytest.mark.services)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ContentStore:
    if request.param == "files":
        made: ContentStore = FileContentStore(tmp_path / "store")
    else:
        made = request.getfixturevalue("seaweed").store("contents")
    made.prepare()
    return made


@pytest.fixture
def data(request: pytest.FixtureRequest) -> bytes:
    return random_bytes(3 << 20, request.node.nodeid)


def test_a_content_comes_back_whole_and_its_staging_file_is_used_up(store, data, tmp_path):
    path, sha256, size = staged(tmp_path / "staging", data)
    assert store.put(path, sha256, size) == f"sha256/{sha256[:2]}/{sha256[2:4]}/{sha256}"
    assert store.stat(sha256) == size
    assert store.exists(sha256)
    with store.open(sha256) as file:
        assert file.read() == data
    assert not path.exists()


def test_a_content_of_many_parts_comes_back_whole(store, tmp_path):
    data = random_bytes((37 << 20) + 5, "many parts")
    path, sha256, size = staged(tmp_path / "staging", data)
    store.put(path, sha256, size)
    assert hashlib.sha256(b"".join(store.open_range(sha256))).hexdigest() == sha256


def test_an_empty_content_is_a_content(store, tmp_path):
    path, sha256, size = staged(tmp_path / "staging", b"")
    store.put(path, sha256, size)
    assert store.stat(sha256) == 0
    assert store.read_range(sha256, 0, 10) == b""
    assert b"".join(store.open_range(sha256)) == b""


def test_putting_again_after_a_crash_changes_nothing(store, data, tmp_path):
    path, sha256, size = staged(tmp_path / "staging", data)
    key = store.put(path, sha256, size)
    assert store.put(path, sha256, size) == key  # the first put used the staging file up
    again, _, _ = staged(tmp_path / "staging", data)
    assert store.put(again, sha256, size) == key
    assert not again.exists()
    assert store.read_range(sha256, 0, size) == data


def test_ranges_are_exact_and_end_where_the_content_ends(store, data, tmp_path):
    path, sha256, size = staged(tmp_path / "staging", data)
    store.put(path, sha256, size)
    assert store.read_range(sha256, 0, 8) == data[:8]
    assert store.read_range(sha256, 1_000_001, 1 << 20) == data[1_000_001 : 1_000_001 + (1 << 20)]
    assert store.read_range(sha256, size - 3, 100) == data[-3:]
    assert store.read_range(sha256, size, 1) == b""
    assert store.read_range(sha256, size + 7, 1) == b""
    assert store.read_range(sha256, 5, 0) == b""
    assert b"".join(store.open_range(sha256, size - 9)) == data[-9:]
    with pytest.raises(InvalidInputError):
        store.read_range(sha256, -1, 4)


def test_an_open_content_can_be_read_anywhere(store, data, tmp_path):
    path, sha256, size = staged(tmp_path / "staging", data)
    store.put(path, sha256, size)
    with store.open(sha256) as file:
        file.seek(-20, os.SEEK_END)
        assert file.read() == data[-20:]
        file.seek(100)
        assert file.read(16) == data[100:116]
        assert file.tell() == 116
        file.seek(4, os.SEEK_CUR)
        assert file.read(1) == data[120:121]


@pytest.mark.parametrize(
    "ask",
    [
        lambda store, tmp: store.stat(ABSENT),
        lambda store, tmp: store.open(ABSENT),
        lambda store, tmp: store.read_range(ABSENT, 0, 1),
        lambda store, tmp: store.materialize(ABSENT, tmp),
        lambda store, tmp: store.put(tmp / "gone", ABSENT, 4),
    ],
    ids=["stat", "open", "read_range", "materialize", "put"],
)
def test_what_is_absent_is_not_found(store, ask, tmp_path):
    assert not store.exists(ABSENT)
    with pytest.raises(NotFoundError):
        ask(store, tmp_path)
    assert not (tmp_path / ABSENT).exists()


def test_a_deleted_content_is_gone_and_deleting_twice_is_harmless(store, data, tmp_path):
    path, sha256, size = staged(tmp_path / "staging", data)
    store.put(path, sha256, size)
    store.delete(sha256)
    store.delete(sha256)
    assert not store.exists(sha256)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "/x"])
def test_only_a_sha256_names_a_content(store, name):
    for ask in (store.stat, store.open, store.delete, store.local_path, store.exists):
        with pytest.raises(InvalidInputError):
            ask(name)


def test_bytes_of_another_size_are_refused_and_stay_invisible(store, data, tmp_path):
    path, sha256, size = staged(tmp_path / "staging", data)
    with pytest.raises(IntegrityError) as caught:
        store.put(path, sha256, size + 1)
    assert caught.value.details == {"expected": size + 1, "actual": size}
    assert not store.exists(sha256)
    assert path.exists()


def test_a_link_is_not_taken_in(store, data, tmp_path):
    path, sha256, size = staged(tmp_path / "staging", data)
    link = tmp_path / "link"
    link.symlink_to(path)
    with pytest.raises(InvalidInputError):
        store.put(link, sha256, size)
    assert not store.exists(sha256)


def test_a_materialized_file_is_read_only_and_carries_the_name_asked_for(store, data, tmp_path):
    path, sha256, size = staged(tmp_path / "staging", data)
    store.put(path, sha256, size)
    local = store.materialize(sha256, tmp_path / "scan", name="model.bin")
    assert local == tmp_path / "scan" / "model.bin"
    assert local.read_bytes() == data
    assert local.stat().st_mode & 0o777 == 0o444
    assert store.materialize(sha256, tmp_path / "scan", name="model.bin") == local
    assert [p.name for p in (tmp_path / "scan").iterdir()] == ["model.bin"]
    assert store.materialize(sha256, tmp_path / "scan").name == sha256


@pytest.mark.parametrize("name", ["../up", "a/b", "..", ".", "/etc/passwd", "a\0b"])
def test_a_materialized_file_cannot_leave_its_folder(store, name, data, tmp_path):
    path, sha256, size = staged(tmp_path / "staging", data)
    store.put(path, sha256, size)
    with pytest.raises(InvalidInputError):
        store.materialize(sha256, tmp_path / "scan", name=name)


def test_every_content_is_listed_once_with_its_size(store, tmp_path):
    sizes = {}
    for seed in ("one", "two", "three"):
        path, sha256, size = staged(tmp_path / "staging", random_bytes(len(seed), seed))
        store.put(path, sha256, size)
        sizes[sha256] = size
    found = [content for content in store.iter_contents() if content.sha256 in sizes]
    assert {content.sha256: content.size for content in found} == sizes
    assert len(found) == 3
    keys = list(store.iter_keys())
    assert keys == sorted(keys)
    assert {content_key(sha256) for sha256 in sizes} <= set(keys)


def test_a_store_that_was_never_prepared_is_away_not_empty(tmp_path, seaweed):
    for store in (FileContentStore(tmp_path / "nothing"), seaweed.store("never-made")):
        for ask in (store.check, lambda s=store: s.stat(ABSENT), lambda s=store: s.exists(ABSENT)):
            with pytest.raises(StorageError):
                ask()
        with pytest.raises(StorageError):
            store.open(ABSENT)
        with pytest.raises(StorageError):
            list(store.iter_contents())


def test_a_ready_store_passes_its_check_and_has_no_leftovers(store):
    store.check()
    assert store.clear_leftovers(older_than=timedelta(0)).count == 0


def test_what_is_set_aside_is_out_of_reach_and_its_place_is_free(store, tmp_path):
    data = random_bytes((17 << 20) + 3, "aside")
    store.set_aside(ABSENT)  # harmless
    path, sha256, size = staged(tmp_path / "staging", data)
    store.put(path, sha256, size)
    store.set_aside(sha256)
    assert not store.exists(sha256)
    assert sha256 not in [content.sha256 for content in store.iter_contents()]
    assert store.clear_leftovers(older_than=timedelta(0)).count == 0  # kept to be looked at
    store.put(*staged(tmp_path / "staging", data))
    assert hashlib.sha256(b"".join(store.open_range(sha256))).hexdigest() == sha256
    store.delete(sha256)


def test_a_store_that_hashes_what_it_takes_refuses_other_bytes_with_both_hashes(store, tmp_path):
    for size in (1000, (17 << 20) + 1):
        path, actual, _ = staged(tmp_path / "staging", random_bytes(size, "wrong"))
        promised = hashlib.sha256(b"published %d" % size).hexdigest()
        if not store.hashes(path, size):
            continue
        with pytest.raises(IntegrityError) as caught:
            store.put(path, promised, size)
        assert caught.value.details["expected"] == promised
        assert caught.value.details["actual"] == actual
        assert not store.exists(promised)
    assert store.clear_leftovers(older_than=timedelta(0)).count == 0


# File system only.


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


# S3 only.


@pytest.mark.services
def test_a_signed_address_gives_the_bytes_and_the_name_without_a_key(seaweed, data, tmp_path):
    store = seaweed.store("contents")
    store.prepare()
    path, sha256, size = staged(tmp_path / "staging", data)
    store.put(path, sha256, size)
    url = store.url(sha256, expires=60, filename='mödel "1".bin')
    assert store.local_path(sha256) is None
    answer = httpx2.get(url)
    assert answer.status_code == 200
    assert answer.content == data
    assert answer.headers["content-disposition"].endswith("''m%C3%B6del%20%221%22.bin")
    assert httpx2.get(url.split("?")[0]).status_code == 403


@pytest.mark.services
@pytest.mark.parametrize("size", [1 << 20, 20 << 20])
def test_s3_refuses_bytes_that_are_not_what_their_hash_says(seaweed, size, tmp_path):
    store = seaweed.store("contents")
    store.prepare()
    path, _, _ = staged(tmp_path / "staging", random_bytes(size, "liar"))
    with pytest.raises(IntegrityError):
        store.put(path, ABSENT, size)
    assert not store.exists(ABSENT)
    assert path.exists()
    assert store.clear_leftovers(older_than=timedelta(0)).count == 0


@pytest.mark.services
def test_a_wrong_secret_says_so_and_never_shows_it(seaweed):
    store = seaweed.store("contents", secret_key="not-the-secret")
    for ask in (store.check, store.prepare, lambda: store.stat(ABSENT), lambda: store.open(ABSENT)):
        with pytest.raises(StorageError, match="refuses the access key") as caught:
            ask()
        assert "not-the-secret" not in str(caught.value)
    assert "not-the-secret" not in repr(vars(store))


def test_an_object_store_that_is_away_is_a_storage_error(tmp_path, data):
    store = S3ContentStore(f"http://127.0.0.1:{free_ports(1)[0]}", "k", "s", "contents")
    path, sha256, size = staged(tmp_path, data)
    for ask in (store.check, lambda: store.exists(sha256), lambda: store.put(path, sha256, size)):
        with pytest.raises(StorageError, match="does not answer"):
            ask()
    assert path.exists()
    with pytest.raises(StorageError, match="Not an address"):
        S3ContentStore("nowhere", "k", "s", "contents").check()


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("NoSuchKey", NotFoundError),
        ("NoSuchBucket", StorageError),
        ("InvalidRange", InvalidInputError),
        ("QuotaExceeded", StorageFullError),
        ("BadDigest", IntegrityError),
        ("SlowDown", StorageError),
    ],
)
def test_every_answer_of_s3_has_one_error_with_a_message(code, error):
    from botocore.exceptions import ClientError  # noqa: PLC0415

    with pytest.raises(error) as caught, s3_faults("Content x", bucket="b", endpoint="http://e"):
        raise ClientError({"Error": {"Code": code, "Message": "m"}}, "GetObject")
    assert type(caught.value) is error
    assert "{" not in str(caught.value)
