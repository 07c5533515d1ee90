"""One contract for every content store, on a real file system and a real S3."""

from __future__ import annotations

import hashlib
import os
from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import IntegrityError, InvalidInputError, NotFoundError, StorageError
from core.storage import ContentStore, FileContentStore, content_key
from tests.core.contents import ABSENT, data, random_bytes, staged

__all__ = ["data"]


@pytest.fixture(params=["files", pytest.param("s3", marks=pytest.mark.services)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ContentStore:
    if request.param == "files":
        made: ContentStore = FileContentStore(tmp_path / "store")
    else:
        made = request.getfixturevalue("seaweed").store("contents")
    made.prepare()
    return made


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
