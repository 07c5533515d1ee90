"""Read zip members from the bytes themselves: flag bits, CRC, sizes and names cannot hide one.

`zipfile` refuses a member with the encryption bit set, a wrong CRC or a different local name, and
loaders written in C do not.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO

from scanning.scanners._unpacking import DEFLATED, PACKED_METHODS, unzipped
from scanning.scanners._window import Window
from scanning.scanners._zip_directory import Directory, Entry
from scanning.scanners.base import HEAD_BYTES, MEBIBYTE, Finding, Severity

LOCAL_MAGIC = b"PK\x03\x04"
STORED = 0
METHODS = PACKED_METHODS | {STORED}
_LOCAL = struct.Struct("<4s5H3L2H")
_ENCRYPTED = 0x1
_DESCRIPTOR = 0x8
_FULL32 = 0xFFFFFFFF
_DESCRIPTOR_BYTES = 24
_BOMB_RATIO = 200
_BOMB_BYTES = 10 * MEBIBYTE
_BOMB_STREAM = 256 * MEBIBYTE
_ABSOLUTE = re.compile(r"[/\\]|[A-Za-z]:")
_SYMLINK = 0o120000
_TYPE_MASK = 0o170000


@dataclass(frozen=True, slots=True)
class Member:
    """Where a member's packed bytes lie, and what is wrong with it ('' when nothing)."""

    name: str
    start: int
    packed: int
    size: int
    method: int
    crc: int = 0
    header_at: int = 0
    is_encrypted: bool = False
    has_descriptor: bool = False
    other_method: int | None = None  # what its own header says, where that is another one
    problem: str = ""

    @property
    def is_stored(self) -> bool:
        return self.method == STORED

    @property
    def end(self) -> int:
        return self.start + self.packed


def read_members(stream: BinaryIO, directory: Directory) -> tuple[list[Member], list[Finding]]:
    """Members of a directory, each with the bytes that its own header leads to."""
    findings = list(_archive_findings(directory.entries))
    members = [_locate(stream, entry, findings) for entry in directory.entries]
    return members, [*findings, *_overlaps(members)]


def _locate(stream: BinaryIO, entry: Entry, findings: list[Finding]) -> Member:
    local = local_member(stream, entry.offset)
    if local is None:
        problem = "its local header is not where it should be"
        return Member(entry.name, 0, 0, entry.size, 0, problem=problem)
    findings += (
        Finding(rule, Severity.MEDIUM, f"a member {text}", _where(entry), entry.name)
        for rule, text in _contradictions(entry, local)
    )
    packed = max(entry.packed, entry.size) if entry.method == STORED else entry.packed
    return Member(
        entry.name,
        local.start,
        packed,
        entry.size,
        entry.method,
        entry.crc,
        entry.offset,
        is_encrypted=local.is_encrypted or bool(entry.flags & _ENCRYPTED),
        has_descriptor=local.has_descriptor,
        other_method=None if local.method == entry.method else local.method,
    )


def _where(entry: Entry) -> str:
    return f"{entry.name}: local header at {entry.offset}"


def _contradictions(entry: Entry, local: Member) -> Iterator[tuple[str, str]]:
    if local.name != entry.name or b"\x00" in entry.raw_name:
        yield "zip_name_mismatch", "is named differently in its own header"
    if local.method != entry.method:
        yield "zip_method_mismatch", "is packed differently according to its own header"
    if local.is_encrypted or entry.flags & _ENCRYPTED:
        yield "zip_encrypted", "claims to be encrypted"
    own = {(local.packed, entry.packed), (local.size, entry.size)}
    unset = {0, _FULL32} if local.has_descriptor else {_FULL32}
    if any(mine not in {theirs, *unset} for mine, theirs in own):
        yield "zip_size_mismatch", "has another size according to its own header"
    elif entry.method == STORED and entry.packed != entry.size:
        yield "zip_size_mismatch", "is stored as it is, and yet has two sizes"


def local_member(stream: BinaryIO, at: int) -> Member | None:
    """The member whose own header is at this offset, as that header describes it."""
    if at < 0:
        return None
    stream.seek(at)
    raw = stream.read(_LOCAL.size)
    if len(raw) != _LOCAL.size or not raw.startswith(LOCAL_MAGIC):
        return None
    _, _, flags, method, _, _, crc, packed, size, name_size, extra_size = _LOCAL.unpack(raw)
    name = stream.read(name_size).decode("utf-8" if flags & 0x800 else "cp437", "replace")
    return Member(
        name,
        at + _LOCAL.size + name_size + extra_size,
        packed,
        size,
        method,
        crc,
        at,
        is_encrypted=bool(flags & _ENCRYPTED),
        has_descriptor=bool(flags & _DESCRIPTOR),
    )


def _overlaps(members: list[Member]) -> Iterator[Finding]:
    ordered = sorted((m for m in members if not m.problem), key=lambda m: m.header_at)
    for first, second in pairwise(ordered):
        if first.end > second.header_at:
            evidence = f"{first.name} ends at {first.end}, {second.name} is at {second.header_at}"
            message = "members share the same bytes"
            yield Finding("zip_overlap", Severity.HIGH, message, evidence, second.name)
            return


def spaces(members: list[Member], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Stretches that belong to no member, from the first byte to the directory."""
    position = start
    for member in sorted((m for m in members if not m.problem), key=lambda m: m.header_at):
        if member.header_at > position:
            yield position, member.header_at
        # The descriptor behind the data has one of four lengths: the longest is let pass.
        behind = _DESCRIPTOR_BYTES if member.has_descriptor else 0
        position = max(position, member.end + behind)
    if end > position:
        yield position, end


def _archive_findings(entries: tuple[Entry, ...]) -> Iterator[Finding]:
    seen: set[str] = set()
    for entry in entries:
        name = entry.name
        if name in seen:
            yield Finding("zip_duplicate", Severity.MEDIUM, "a member exists twice", name, name)
        seen.add(name)
        if is_escaping(name) or is_escaping(entry.other_name):
            yield escape_finding(entry.other_name or name, name)
        elif entry.other_name not in {"", name} and name.isascii():
            message = "a member has another name for some readers"
            yield Finding("zip_name_mismatch", Severity.MEDIUM, message, entry.other_name, name)
        if entry.mode & _TYPE_MASK == _SYMLINK:
            message = "a member is a symbolic link"
            yield Finding("archive_link", Severity.HIGH, message, name, name)
        if entry.size > max(_BOMB_BYTES, entry.packed * _BOMB_RATIO):
            yield bomb_finding(entry.packed, entry.size, name)


def escape_finding(name: str, where: str) -> Finding:
    message = "a member would be written outside of the folder it is unpacked to"
    return Finding("archive_escape", Severity.HIGH, message, name, where)


def bomb_finding(packed: int, size: int, where: str) -> Finding:
    evidence = f"{packed} bytes unpack to {size}"
    return Finding("archive_bomb", Severity.HIGH, "a member unpacks enormously", evidence, where)


def is_bomb(packed: int, size: int) -> bool:
    """Whether a stream that states no size unpacks to more than sparse numbers would."""
    return size > max(_BOMB_STREAM, packed * _BOMB_RATIO)


def is_escaping(name: str) -> bool:
    return bool(_ABSOLUTE.match(name)) or ".." in re.split(r"[/\\]", name)


def member_head(stream: BinaryIO, member: Member) -> bytes:
    """First bytes of the member's content."""
    if member.is_stored:
        stream.seek(member.start)
        return stream.read(min(HEAD_BYTES, member.packed))
    return next(unpacked(stream, member), b"")[:HEAD_BYTES]


def unpacked(stream: BinaryIO, member: Member) -> Iterator[bytes]:
    """Content of a packed member in pieces, read to the end of the packed stream.

    Raises one of `UNPACK_FAULTS` on damage. Sizes and CRC of the directory are not believed: what
    is deflated ends where it says so itself.
    """
    if member.method != DEFLATED:
        return unzipped(member.method, window(stream, member))
    size = stream.seek(0, os.SEEK_END)
    return unzipped(DEFLATED, Window(stream, member.start, size - member.start))


def window(stream: BinaryIO, member: Member) -> Window:
    return Window(stream, member.start, member.packed)
