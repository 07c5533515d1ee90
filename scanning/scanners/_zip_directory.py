"""Find and read the directories of a zip archive from the bytes, every one that a reader may use.

`zipfile` believes the first directory it finds, shifts offsets by what stands before the archive,
and stops at the first entry it dislikes. Readers written in C differ in each of these.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

END_MAGIC = b"PK\x05\x06"
_END = struct.Struct("<4s4H2LH")
_LOCATOR = struct.Struct("<4sLQL")
_LOCATOR_MAGIC = b"PK\x06\x07"
_END64 = struct.Struct("<4sQ2H2L4Q")
_END64_MAGIC = b"PK\x06\x06"
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_CENTRAL_MAGIC = b"PK\x01\x02"
_TAIL = 65535 + _END.size + _LOCATOR.size
_FULL32 = 0xFFFFFFFF
_FULL16 = 0xFFFF
_ZIP64_EXTRA = 1
_UNICODE_PATH = 0x7075
_MAX_DIRECTORY = 64 * 1024 * 1024
_UTF8 = 0x800
_EXTRA_HEAD = 4
_WIDE = 8


class ZipFaultError(ValueError):
    """A directory that cannot be read."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A member as the central directory describes it; `offset` is from the start of the stream."""

    raw_name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int
    mode: int
    other_name: str = ""  # in a field of its own, by which some readers go instead

    @property
    def name(self) -> str:
        return self.raw_name.decode("utf-8" if self.flags & _UTF8 else "cp437", "replace")


@dataclass(frozen=True, slots=True)
class Directory:
    """`start` to `end` are the bytes of entries and end records; `shift` is what stands before."""

    entries: tuple[Entry, ...]
    start: int
    end: int
    shift: int
    comment: bytes = b""
    is_contradictory: bool = False


@dataclass(frozen=True, slots=True)
class _EndRecord:
    at: int
    count: int
    size: int
    offset: int
    end: int
    entries_end: int
    comment_at: int
    is_contradictory: bool


def has_directory(stream: BinaryIO) -> bool:
    """Whether an end record that points at entries stands in the last 64 KiB."""
    try:
        return bool(read_directories(stream, max_entries=1, only_head=True))
    except ZipFaultError:
        return True


def read_directories(
    stream: BinaryIO, *, max_entries: int, only_head: bool = False
) -> list[Directory]:
    """Directories from the last end record to the first; ZipFaultError when one is unreadable."""
    size = stream.seek(0, os.SEEK_END)
    base = max(0, size - _TAIL)
    stream.seek(base)
    tail = stream.read(_TAIL)
    found = []
    at = tail.rfind(END_MAGIC)
    while at >= 0:
        record = _end_record(stream, base + at, tail[at : at + _END.size])
        if record is not None and _points_at_entries(stream, record):
            found.append(_directory(stream, record, max_entries, only_head=only_head))
        at = tail.rfind(END_MAGIC, 0, at)
    return found


def _end_record(stream: BinaryIO, at: int, raw: bytes) -> _EndRecord | None:
    if len(raw) != _END.size:
        return None
    _, _, _, _, count, size, offset, comment = _END.unpack(raw)
    comment_at, entries_end = at + _END.size, at
    end = comment_at + comment
    large = _end_record_64(stream, at)
    if large is None:
        return _EndRecord(
            at, count, size, offset, end, entries_end, comment_at, is_contradictory=False
        )
    entries_end, values = large
    own = ((count, _FULL16), (size, _FULL32), (offset, _FULL32))
    differs = any(
        short not in {full, wide} for (short, full), wide in zip(own, values, strict=True)
    )
    return _EndRecord(at, *values, end, entries_end, comment_at, differs)


def _end_record_64(stream: BinaryIO, at: int) -> tuple[int, tuple[int, int, int]] | None:
    if at < _LOCATOR.size:
        return None
    stream.seek(at - _LOCATOR.size)
    magic, _, offset, _ = _LOCATOR.unpack(stream.read(_LOCATOR.size))
    if magic != _LOCATOR_MAGIC:
        return None
    # Where it should be, and where the locator says: readers go to either.
    for place in (at - _LOCATOR.size - _END64.size, offset):
        if 0 <= place <= at:
            stream.seek(place)
            raw = stream.read(_END64.size)
            if len(raw) == _END64.size and raw.startswith(_END64_MAGIC):
                values = _END64.unpack(raw)
                return place, (values[7], values[8], values[9])
    return None


def _points_at_entries(stream: BinaryIO, record: _EndRecord) -> bool:
    start = record.entries_end - record.size
    if start < 0:
        return False
    if record.count == 0 and record.size == 0:
        return True
    stream.seek(start)
    return stream.read(len(_CENTRAL_MAGIC)) == _CENTRAL_MAGIC


def _directory(
    stream: BinaryIO, record: _EndRecord, max_entries: int, *, only_head: bool
) -> Directory:
    start = record.entries_end - record.size
    shift = start - record.offset
    if record.size > _MAX_DIRECTORY:
        raise ZipFaultError(f"a directory of {record.size} bytes")
    entries: list[Entry] = []
    if not only_head:
        stream.seek(start)
        for entry in _entries(stream.read(record.size), shift):
            if len(entries) >= max_entries:
                raise ZipFaultError(f"more than {max_entries} members")
            entries.append(entry)
    contradictory = record.is_contradictory or (not only_head and len(entries) != record.count)
    stream.seek(record.comment_at)
    comment = stream.read(record.end - record.comment_at)
    return Directory(tuple(entries), start, record.end, shift, comment, contradictory)


def _entries(raw: bytes, shift: int) -> Iterator[Entry]:
    at = 0
    while at < len(raw):
        fixed = raw[at : at + _CENTRAL.size]
        if len(fixed) != _CENTRAL.size or not fixed.startswith(_CENTRAL_MAGIC):
            raise ZipFaultError("the directory is damaged")
        fields = _CENTRAL.unpack(fixed)
        name_size, extra_size, comment_size = fields[10], fields[11], fields[12]
        name_at = at + _CENTRAL.size
        extra_at = name_at + name_size
        at = extra_at + extra_size + comment_size
        if at > len(raw):
            raise ZipFaultError("the directory is cut short")
        sizes = (fields[9], fields[8], fields[16])
        size, packed, offset = _wide(sizes, raw[extra_at : extra_at + extra_size])
        yield Entry(
            raw_name=raw[name_at:extra_at],
            flags=fields[3],
            method=fields[4],
            crc=fields[7],
            packed=packed,
            size=size,
            offset=offset + shift,
            mode=fields[15] >> 16,
            other_name=_other_name(raw[extra_at : extra_at + extra_size]),
        )


def _wide(sizes: tuple[int, int, int], extra: bytes) -> tuple[int, int, int]:
    """Sizes and offset, those that do not fit into 32 bits from the zip64 field."""
    wide = _zip64(extra)
    values = list(sizes)
    for index, value in enumerate(values):
        if value == _FULL32 and len(wide) >= _WIDE:
            values[index] = int.from_bytes(wide[:8], "little")
            wide = wide[8:]
    return values[0], values[1], values[2]


def _zip64(extra: bytes) -> bytes:
    return _extra_field(extra, _ZIP64_EXTRA)


def _other_name(extra: bytes) -> str:
    """Behind a version and a checksum."""
    return _extra_field(extra, _UNICODE_PATH)[5:].decode("utf-8", "replace")


def _extra_field(extra: bytes, wanted: int) -> bytes:
    while len(extra) >= _EXTRA_HEAD:
        kind, size = struct.unpack_from("<HH", extra)
        if kind == wanted:
            return extra[4 : 4 + size]
        extra = extra[4 + size :]
    return b""
