"""The directory of a zip file, read from its end: names, sizes and places, nothing unpacked."""

from __future__ import annotations

import struct
import zlib
from typing import Final, NamedTuple

from catalog.inspectors.base import Reader
from catalog.inspectors.headers.ranges import exactly
from catalog.sources.paths import check_path, shown
from core.errors import InvalidInputError

# The end of a directory with the two records that may stand before it; and of one with a comment.
ENDS: Final = 98
LONGEST_END: Final = ENDS + 0xFFFF
LARGEST_DIRECTORY: Final = 16 << 20
MOST_MEMBERS: Final = 50_000
SIGNATURE: Final = b"PK\x03\x04"
_END, _END_64, _PLACE_64, _ENTRY = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"PK\x01\x02"
_END_FORM, _END_64_FORM = struct.Struct("<4s4H2IH"), struct.Struct("<4sQ2H2I4Q")
_PLACE_64_FORM, _ENTRY_FORM = struct.Struct("<4sIQI"), struct.Struct("<4s6H3I5H2I")
_LOCAL_FORM: Final = struct.Struct("<4s5H3I2H")
_EXTRA_64: Final = 1
_FULL, _FULL_16 = 0xFFFFFFFF, 0xFFFF
_LARGEST_EXTRA: Final = 4 << 10
STORED, DEFLATED = 0, 8


class Member(NamedTuple):
    """One file inside: `packed` bytes from the local header at `at` on, `size` once unpacked.

    What stands behind it begins at `end`.
    """

    name: str
    size: int
    packed: int
    method: int
    at: int
    end: int = 0


def read_directory(reader: Reader, path: str) -> tuple[Member, ...]:
    """Return the members in the order of their places.

    Raises InvalidInputError for a directory that contradicts itself or the file: another number of
    members, members that share bytes, lie outside or are there twice, names that are no paths.
    Format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
    """
    size = reader.size(path)
    begin = max(0, size - ENDS)
    tail = exactly(reader, path, begin, size)
    if not tail.startswith(_END, len(tail) - _END_FORM.size):
        begin = max(0, size - LONGEST_END)
        tail = exactly(reader, path, begin, size)
    count, length, start, end = _end(tail, begin, size)
    if length > LARGEST_DIRECTORY or start + length > end:
        raise InvalidInputError(f"its directory claims {length} bytes")
    whole = tail if start >= begin else exactly(reader, path, start, start + length)
    first = start - min(begin, start)
    members = _members(whole[first : first + length], count)
    _check_members(members, start)
    ends = [member.at for member in members[1:]] + [start]
    return tuple(member._replace(end=end) for member, end in zip(members, ends, strict=False))


def read_member(reader: Reader, path: str, member: Member, limit: int) -> bytes:
    """Return one small member, unpacked: at most `limit` bytes, whatever the directory says."""
    if max(member.size, member.packed) > limit:
        raise InvalidInputError(f"{shown(member.name)} has {member.size} bytes")
    end = min(member.end, member.at + _LOCAL_FORM.size + _LARGEST_EXTRA + member.packed)
    part = exactly(reader, path, member.at, end)
    if len(part) < _LOCAL_FORM.size or part[:4] != SIGNATURE:
        raise InvalidInputError(f"{shown(member.name)} is not where the directory says")
    name, extra = _LOCAL_FORM.unpack_from(part)[9:]
    begin = _LOCAL_FORM.size + name + extra
    packed = part[begin : begin + member.packed]
    content = packed if member.method == STORED else _inflate(packed, member, limit)
    if len(content) != member.size:
        raise InvalidInputError(f"{shown(member.name)} has another size than the directory says")
    return content


def _inflate(packed: bytes, member: Member, limit: int) -> bytes:
    if member.method != DEFLATED:
        raise InvalidInputError(f"{shown(member.name)} is packed in a way that is not known")
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, limit)
    except zlib.error as error:
        raise InvalidInputError(f"{shown(member.name)} cannot be unpacked") from error


def _end(tail: bytes, begin: int, size: int) -> tuple[int, int, int, int]:
    """Return count of members, length and start of the directory, and where it must have ended."""
    at = tail.rfind(_END)
    if at < 0 or at + _END_FORM.size > len(tail):
        raise InvalidInputError("it has no directory at its end")
    _, disk, first_disk, here, count, length, start, comment = _END_FORM.unpack_from(tail, at)
    if at + _END_FORM.size + comment != len(tail) or begin + len(tail) != size:
        raise InvalidInputError("its directory does not end where the file does")
    place = at - _PLACE_64_FORM.size
    if place >= 0 and tail.startswith(_PLACE_64, place):
        return _end_64(tail, begin, place)
    if disk or first_disk or here != count:
        raise InvalidInputError("it is one of several disks")
    return count, length, start, begin + at


def _end_64(tail: bytes, begin: int, place: int) -> tuple[int, int, int, int]:
    at = _PLACE_64_FORM.unpack_from(tail, place)[2] - begin
    if not 0 <= at <= place - _END_64_FORM.size or not tail.startswith(_END_64, at):
        raise InvalidInputError("its zip64 directory is not where it says")
    *_, here, count, length, start = _END_64_FORM.unpack_from(tail, at)
    if here != count:
        raise InvalidInputError("it is one of several disks")
    return count, length, start, begin + at


def _members(directory: bytes, count: int) -> tuple[Member, ...]:
    if count > MOST_MEMBERS or count * _ENTRY_FORM.size > len(directory):
        raise InvalidInputError(f"its directory claims {count} members")
    found: list[Member] = []
    at = 0
    while at < len(directory):
        if not directory.startswith(_ENTRY, at) or at + _ENTRY_FORM.size > len(directory):
            raise InvalidInputError("its directory is broken")
        if len(found) == count:
            raise InvalidInputError(f"its directory holds more than the {count} members it claims")
        fields = _ENTRY_FORM.unpack_from(directory, at)
        name, extra, comment = fields[10:13]
        at += _ENTRY_FORM.size
        text = directory[at : at + name].decode("utf-8", "replace")
        found.append(_member(text, fields, directory[at + name : at + name + extra]))
        at += name + extra + comment
    if len(found) != count or at != len(directory):
        raise InvalidInputError(f"its directory holds {len(found)} members, not {count}")
    return tuple(sorted(found, key=lambda member: member.at))


def _member(name: str, fields: tuple[int, ...], extra: bytes) -> Member:
    packed, size, at = fields[8], fields[9], fields[16]
    wide = iter(_wide(extra))
    size, packed, at = (next(wide, v) if v == _FULL else v for v in (size, packed, at))
    check_path(name.removesuffix("/"))
    return Member(name, size, packed, fields[4], at)


def _wide(extra: bytes) -> tuple[int, ...]:
    """Return the numbers that did not fit 32 bits, in the order in which they are missing."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        body = extra[at + 4 : at + 4 + length]
        if kind == _EXTRA_64:
            return struct.unpack_from(f"<{len(body) // 8}Q", body)
        at += 4 + length
    return ()


def _check_members(members: tuple[Member, ...], directory: int) -> None:
    reached, names = 0, set()
    for member in members:
        fault = ""
        if member.name in names:
            fault = "is there twice"
        elif member.at < reached:
            fault = "lies in the place of another"
        elif member.method == STORED and member.size != member.packed:
            fault = "has two sizes"
        names.add(member.name)
        reached = member.at + _LOCAL_FORM.size + member.packed
        if fault or reached > directory:
            raise InvalidInputError(f"{shown(member.name)} {fault or 'lies outside'}")
