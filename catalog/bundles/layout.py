"""Where every byte of a bundle is: a plain tar whose headers follow from its manifest alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.dsse.json"
MAX_MANIFEST: Final = 64 << 20
MAX_SIGNATURE: Final = 64 << 10
MAX_DOCUMENT: Final = 64 << 20
MAX_MEMBERS: Final = 500_000
BLOCK: Final = 512
_RECORD: Final = 20 * BLOCK  # tar pads the archive to records of this length
_OCTAL_SIZE: Final = 8**11  # a larger size needs a pax header
_PATH = re.compile(
    r"versions/[0-9]{4,6}/[A-Za-z0-9][A-Za-z0-9._-]{0,60}|contents/sha256/[0-9a-f]{64}", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the archive, as the manifest names it."""

    path: str
    sha256: str
    size: int

    @property
    def is_content(self) -> bool:
        return self.path.startswith("contents/")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a member lies: `start` is its header, `body` its first byte."""

    member: Member
    start: int
    body: int

    @property
    def end(self) -> int:
        """Return where the next header begins."""
        return self.body + padded(self.member.size)


def content_path(sha256: str) -> str:
    return f"contents/sha256/{sha256}"


def is_member_path(path: str) -> bool:
    """Tell whether a bundle may hold a member of this name: no other place, nothing relative."""
    return _PATH.fullmatch(path) is not None


def padded(size: int) -> int:
    """Round up to whole blocks."""
    return -(-size // BLOCK) * BLOCK


def header(path: str, size: int) -> bytes:
    """Write the header of a plain file, preceded by a pax header where the size needs one."""
    if size < _OCTAL_SIZE:
        return _ustar(path, size, b"0")
    record = _pax_record(size)
    before = _ustar("././@PaxHeader", len(record), b"x") + record.ljust(padded(len(record)), b"\0")
    return before + _ustar(path, 0, b"0")


def _pax_record(size: int) -> bytes:
    """Write `LENGTH size=SIZE`, where the length counts its own digits."""
    words = f" size={size}\n"
    length = len(words) + 2
    if len(f"{length}{words}") != length:  # sizes of 2^33 and more always make two digits
        raise ValueError(f"No pax record for {size}")
    return f"{length}{words}".encode()


def _ustar(path: str, size: int, kind: bytes) -> bytes:
    """Write one header block. Owner, time and mode are the same always: only name and size tell."""
    fields = (
        path.encode("ascii").ljust(100, b"\0"),
        b"0000444\0",
        b"0000000\0",
        b"0000000\0",
        b"%011o\0" % size,
        b"00000000000\0",
        b"        ",
        kind,
        bytes(100),
        b"ustar\x0000",
        bytes(32),
        bytes(32),
        b"0000000\0",
        b"0000000\0",
        bytes(155),
        bytes(12),
    )
    block = b"".join(fields)
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def places(members: Sequence[Member]) -> Iterator[Place]:
    """Lay members out one after the other, from the beginning of the archive."""
    start = 0
    for member in members:
        place = Place(member, start, start + len(header(member.path, member.size)))
        yield place
        start = place.end


def ending(end: int) -> bytes:
    """Return what closes an archive whose last member ends there."""
    return bytes(-(-(end + 2 * BLOCK) // _RECORD) * _RECORD - end)
