"""A file arrives in pieces: nothing is lost, nothing is doubled, nobody writes beside another."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import signal
import subprocess
import sys
import time

import pytest

from core import receiving
from core.errors import (
    ChecksumMismatchError,
    InvalidInputError,
    NotFoundError,
    StorageFullError,
    TooLargeError,
    UploadBusyError,
    UploadOffsetError,
)
from core.receiving import Checksum, bytes_in, make_file, receive

SIZE = 256 * 20_000  # 5 MB
DATA = bytes(range(256)) * 20_000


@pytest.fixture
def path(tmp_path):
    made = tmp_path / "uploads" / "one.part"
    make_file(made)
    return made


def send(path, data, *, offset=0, length=SIZE, **words):
    body = data if hasattr(data, "read") else io.BytesIO(data)
    return receive(path, body, offset=offset, length=length, **words)


def sha(data, algorithm="sha256"):
    return Checksum(algorithm, hashlib.new(algorithm, data).digest())


def test_pieces_become_the_file(path):
    assert send(path, DATA[:1000]) == 1000
    assert send(path, DATA[1000:], offset=1000) == len(DATA)
    assert path.read_bytes() == DATA
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("offset", [0, 999, 1001, 10**15])
def test_a_piece_that_begins_elsewhere_is_refused_and_told_where(path, offset):
    send(path, DATA[:1000])
    with pytest.raises(UploadOffsetError) as caught:
        send(path, DATA[1000:], offset=offset)
    assert caught.value.details == {"offset": 1000}
    assert bytes_in(path) == 1000


def test_no_more_bytes_than_the_file_has_are_kept(path):
    with pytest.raises(TooLargeError):
        send(path, DATA, length=1000, announced=len(DATA))
    assert bytes_in(path) == 0
    with pytest.raises(TooLargeError):
        send(path, DATA, length=1000)
    assert path.read_bytes() == DATA[:1000]


class Breaking:
    """A connection that ends, with an error or without, after some bytes."""

    def __init__(self, data, error):
        self.data, self.error = io.BytesIO(data), error

    def read(self, size):
        piece = self.data.read(size)
        if not piece and self.error:
            raise OSError("connection lost")
        return piece


@pytest.mark.parametrize("error", [True, False])
def test_what_broke_off_stays_as_far_as_it_came(path, error):
    assert send(path, Breaking(DATA[:7777], error), announced=len(DATA)) == 7777
    assert send(path, DATA[7777:], offset=7777) == len(DATA)
    assert path.read_bytes() == DATA


@pytest.mark.parametrize("algorithm", receiving.ALGORITHMS)
def test_a_piece_with_its_checksum_is_kept(path, algorithm):
    piece = DATA[:5000]
    assert send(path, piece, announced=5000, checksum=sha(piece, algorithm)) == 5000


def test_nothing_is_kept_of_a_piece_that_is_not_what_it_says(path):
    send(path, DATA[:10])
    with pytest.raises(ChecksumMismatchError) as caught:
        send(path, DATA[10:500], offset=10, announced=490, checksum=sha(b"other"))
    assert caught.value.status == 460
    assert bytes_in(path) == 10


def test_nothing_is_kept_of_a_checked_piece_that_broke_off(path):
    assert send(path, DATA[:100], announced=200, checksum=sha(DATA[:200])) == 0


def test_a_checked_piece_fits_into_memory(path):
    for announced in (None, receiving.MOST_CHECKED + 1):
        with pytest.raises(TooLargeError):
            send(path, DATA, length=10**9, announced=announced, checksum=sha(DATA))


@pytest.mark.parametrize("header", ["md5 abc", "sha256", "sha256 !!!", "nonsense"])
def test_a_checksum_header_that_says_nothing_is_refused(header):
    with pytest.raises(InvalidInputError):
        Checksum.read(header)


def test_a_checksum_header_is_read():
    text = base64.b64encode(hashlib.sha1(b"x").digest()).decode()  # noqa: S324 tus names it
    read = Checksum.read(f"sha1 {text}")
    assert read is not None
    read.check(b"x")
    assert Checksum.read("") is None


def test_a_second_writer_is_refused_while_the_first_writes(path):
    class Meanwhile(io.BytesIO):
        def read(self, size=-1):
            with pytest.raises(UploadBusyError):
                send(path, b"others")
            return super().read(size)

    assert send(path, Meanwhile(DATA)) == len(DATA)
    assert path.read_bytes() == DATA


def test_a_full_disk_keeps_what_fits_and_says_so(path, monkeypatch):
    written, write = [], os.write

    def full(descriptor, data):
        if written:
            raise OSError(28, "No space left on device")
        written.append(1)
        return write(descriptor, data[:1000])

    monkeypatch.setattr(receiving.os, "write", full)
    with pytest.raises(StorageFullError):
        send(path, DATA)
    monkeypatch.undo()
    assert bytes_in(path) == 1000
    send(path, DATA[1000:], offset=1000)
    assert path.read_bytes() == DATA


def test_a_file_that_is_gone_or_is_a_symlink_is_not_written(path, tmp_path):
    path.unlink()
    with pytest.raises(NotFoundError):
        send(path, DATA)
    target = tmp_path / "target"
    target.touch()
    path.symlink_to(target)
    with pytest.raises(OSError, match="symbolic"):
        send(path, DATA)
    assert target.read_bytes() == b""


KILLED = """
import sys, io
from pathlib import Path
from core.receiving import receive

class Endless:
    def read(self, size):
        return b"a" * size

receive(Path(sys.argv[1]), Endless(), offset=0, length=10**12)
"""


def test_kill_9_leaves_an_offset_to_go_on_from_and_no_lock(path):
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(path)])
    until = time.monotonic() + 60
    while bytes_in(path) < 3 << 20:
        assert time.monotonic() < until
        assert child.poll() is None
    child.send_signal(signal.SIGKILL)
    child.wait(60)
    offset = bytes_in(path)
    assert send(path, b"end", offset=offset, length=offset + 3) == offset + 3
    assert path.read_bytes() == b"a" * offset + b"end"
