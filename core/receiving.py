"""A file that arrives in pieces: its own length is the offset, a lock keeps a second writer out."""

from __future__ import annotations

import base64
import binascii
import errno
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from core.errors import (
    ChecksumMismatchError,
    InvalidInputError,
    NotFoundError,
    TooLargeError,
    UploadBusyError,
    UploadOffsetError,
)
from core.storage.faults import local_faults

CHUNK: Final = 1 << 20
# What carries a checksum is compared before a byte of it is kept, so it has to fit into memory.
MOST_CHECKED: Final = 16 << 20
ALGORITHMS: Final = ("sha1", "sha256")


class Body(Protocol):
    def read(self, size: int, /) -> bytes:
        """Give some of what comes next; b'' at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Checksum:
    """What a piece is said to be."""

    algorithm: str
    digest: bytes

    @classmethod
    def read(cls, header: str) -> Checksum | None:
        """Read the header Upload-Checksum: a name, a blank, base64."""
        if not header:
            return None
        name, _, value = header.strip().partition(" ")
        if name not in ALGORITHMS:
            known = ", ".join(ALGORITHMS)
            raise InvalidInputError(f"Checksums by {name[:20]!r} are not known: use {known}.")
        if not value.strip():
            raise InvalidInputError("Upload-Checksum holds no value.")
        try:
            return cls(name, base64.b64decode(value.strip(), validate=True))
        except (binascii.Error, ValueError) as error:
            raise InvalidInputError("Upload-Checksum holds no base64.") from error

    def check(self, data: bytes) -> None:
        actual = hashlib.new(self.algorithm, data, usedforsecurity=False).digest()
        if actual != self.digest:
            raise ChecksumMismatchError(
                f"The {len(data)} bytes have another {self.algorithm}: nothing of them was kept.",
                expected=self.digest.hex(),
                actual=actual.hex(),
            )


def make_file(path: Path) -> None:
    """Make an empty file that nobody else may read."""
    with local_faults("The folder for uploads"):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))


def bytes_in(path: Path) -> int:
    """Say how much has arrived: the file itself says so, whatever died meanwhile."""
    with local_faults("The upload"):
        return path.stat(follow_symlinks=False).st_size


def receive(
    path: Path,
    body: Body,
    *,
    offset: int,
    length: int,
    announced: int | None = None,
    checksum: Checksum | None = None,
    heard: Callable[[int], None] = lambda size: None,
) -> int:
    """Append what comes to the file, and say how long it is now.

    It must be `offset` bytes long and never gets longer than `length`. What broke off stays as far
    as it came, unless it carries a checksum: that is kept whole or not at all.
    """
    with _locked(path) as descriptor:
        size = os.fstat(descriptor).st_size
        if size != offset:
            raise UploadOffsetError(
                f"{size} bytes are here, not {offset}: go on from there.", offset=size
            )
        _check_room(length - size, announced, checked=checksum is not None)
        pieces = _pieces(body, length - size)
        if checksum is not None:
            pieces = _checked(pieces, checksum, announced)
        for piece in pieces:
            size += _append(descriptor, piece)
            heard(size)
        with local_faults("The upload"):
            os.fsync(descriptor)
        return size


def _check_room(left: int, announced: int | None, *, checked: bool) -> None:
    if announced is not None and announced > left:
        raise TooLargeError(f"{announced} bytes follow where {left} are left", limit=left)
    if checked and (announced is None or announced > MOST_CHECKED):
        raise TooLargeError(
            f"A piece with a checksum says its length and has at most {MOST_CHECKED} bytes",
            limit=MOST_CHECKED,
        )


def _pieces(body: Body, left: int) -> Iterator[bytes]:
    """Give the body in pieces; one byte too many is an error, a body that breaks off is an end."""
    while True:
        try:
            piece = body.read(min(CHUNK, left + 1))
        except OSError:  # the client went away: what came before is kept
            return
        if not piece:
            return
        if len(piece) > left:
            yield piece[:left]
            raise TooLargeError("More bytes came than the upload has", limit=0)
        left -= len(piece)
        yield piece


def _checked(pieces: Iterator[bytes], checksum: Checksum, announced: int | None) -> Iterator[bytes]:
    data = b"".join(pieces)
    if announced is not None and len(data) < announced:
        return  # it broke off: there is nothing that could be compared
    checksum.check(data)
    yield data


def _append(descriptor: int, piece: bytes) -> int:
    view = memoryview(piece)
    with local_faults("The upload"):
        while view:
            view = view[os.write(descriptor, view) :]
    return len(piece)


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    """Open the file for appending, alone: the kernel lets go of the lock when this process dies."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
    except FileNotFoundError as error:
        raise NotFoundError("This upload is not here any more: begin it anew.") from error
    try:
        _lock(descriptor)
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EAGAIN, errno.EACCES):
            raise
        raise UploadBusyError(
            "Another request sends to this upload right now: wait for its end.", retry_after=1
        ) from error
