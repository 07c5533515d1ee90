from __future__ import annotations

import errno
import hashlib
import io
import os
import random
import subprocess
import threading

import pytest

from core.errors import IntegrityError, NotFoundError, StorageError
from downloads.reading import BLOCK, read_ahead
from downloads.verify import Digests, check, hash_file

DATA = random.Random(3).randbytes(BLOCK + 17)  # noqa: S311 reproducible, not secret
HELLO = Digests(
    sha256="5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03",
    git_blob_sha1="ce013625030ba8dba906f756967f9e9ca394464a",
    size=6,
)


def test_the_oid_of_git_is_left_out_where_nobody_compares_it(tmp_path):
    path = tmp_path / "large"
    path.write_bytes(DATA * 3)
    with_git, without = hash_file(path), hash_file(path, git=False)
    assert with_git.sha256 == hashlib.sha256(DATA * 3).hexdigest() == without.sha256
    assert (len(with_git.git_blob_sha1), without.git_blob_sha1) == (40, "")


def test_the_digests_are_those_of_sha256sum_and_git(tmp_path):
    path = tmp_path / "hello"
    path.write_bytes(b"hello\n")
    assert hash_file(path) == HELLO


def test_a_file_of_several_blocks_is_hashed_whole(tmp_path):
    path = tmp_path / "big"
    path.write_bytes(DATA)
    heard: list[int] = []
    digests = hash_file(path, progress=heard.append)
    assert heard == [BLOCK, len(DATA)]
    answer = subprocess.run(["sha256sum", path], capture_output=True, check=True)  # noqa: S607
    assert answer.stdout.split()[0].decode() == digests.sha256


class Torn(io.FileIO):
    """A disk that fails behind the first block."""

    def readinto(self, buffer) -> int:
        if self.tell():
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return super().readinto(buffer)


def reading_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "read ahead"]


def test_what_fails_while_reading_ahead_is_told_to_who_wanted_the_bytes(tmp_path, monkeypatch):
    path = tmp_path / "big"
    path.write_bytes(DATA * 3)
    monkeypatch.setattr("downloads.verify.FileIO", Torn)
    with pytest.raises(StorageError, match="Input/output error"):
        hash_file(path)
    assert reading_threads() == []


def test_who_gives_up_leaves_no_thread_behind(tmp_path):
    path = tmp_path / "big"
    path.write_bytes(DATA * 3)

    def give_up(done: int) -> None:
        assert len(reading_threads()) == 1
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hash_file(path, progress=give_up)
    assert reading_threads() == []


def test_no_more_is_read_ahead_than_three_blocks(tmp_path):
    path = tmp_path / "big"
    path.write_bytes(bytes(BLOCK * 8))
    with io.FileIO(path) as file, read_ahead(file, BLOCK * 8) as blocks:
        assert len(next(blocks)) == BLOCK
        assert file.tell() <= BLOCK * 3
        assert sum(len(block) for block in blocks) == BLOCK * 7


def test_a_file_that_grows_while_it_is_hashed_is_not_what_it_was(tmp_path):
    path = tmp_path / "big"
    path.write_bytes(DATA * 4)
    with pytest.raises(IntegrityError, match="changed while it was read"), path.open("ab") as more:
        hash_file(path, progress=lambda _: more.write(b"x") and more.flush())


def test_an_empty_file_has_the_digests_of_nothing(tmp_path):
    (tmp_path / "empty").touch()
    digests = hash_file(tmp_path / "empty")
    assert digests.git_blob_sha1 == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
    assert digests.size == 0


def test_a_file_that_is_gone_is_not_found(tmp_path):
    with pytest.raises(NotFoundError):
        hash_file(tmp_path / "gone")


def test_what_agrees_passes_and_what_was_not_published_is_not_compared():
    check(HELLO, sha256=HELLO.sha256.upper(), git_oid=HELLO.git_blob_sha1, size=6)
    check(HELLO, size=6)


@pytest.mark.parametrize(
    ("published", "kind", "actual"),
    [
        ({"sha256": "0" * 64}, "sha256", HELLO.sha256),
        ({"git_oid": "0" * 40}, "git oid", HELLO.git_blob_sha1),
        ({"size": 7}, "size", 6),
        ({"sha256": HELLO.sha256, "git_oid": "0" * 40, "size": 6}, "git oid", HELLO.git_blob_sha1),
        ({"size": 0}, "size", 6),
    ],
)
def test_a_difference_names_both_sides(published, kind, actual):
    with pytest.raises(IntegrityError) as caught:
        check(HELLO, **published)
    details = caught.value.details
    assert details["kind"] == kind
    assert details["actual"] == actual
    assert str(details["expected"]) in str(caught.value)
    assert str(actual) in str(caught.value)
