"""A zip archive: every directory, every member, and what no member claims."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from scanning.scanners._decoders import UNPACK_FAULTS
from scanning.scanners._skops import is_schema, schema_findings
from scanning.scanners._sniff import Kind, sniff
from scanning.scanners._torchscript import MAX_SOURCE, source_findings
from scanning.scanners._window import Window
from scanning.scanners._zip_directory import Directory, ZipFaultError, read_directories
from scanning.scanners._zip_members import (
    LOCAL_MAGIC,
    METHODS,
    Member,
    local_member,
    member_head,
    read_members,
    spaces,
    unpacked,
    window,
)
from scanning.scanners._zip_row import torch_row
from scanning.scanners.base import MEBIBYTE, Severity

if TYPE_CHECKING:
    from scanning.scanners._containers import Walk

_TORCH_RAW = re.compile(
    r"(data/\d+|constants/\d+|tensors/\d+|version|byteorder|\.format_version|\.storage_alignment"
    r"|\.data/serialization_id|data/weights/weight_\d+|data/constants/tensor_\d+)\Z"
)
_TORCH_ROOT = r"(?s:.*/)(?=(?:data\.pkl|archive_format)\Z)"
_CRC_BYTES = 16 * MEBIBYTE
_SPACE_BYTES = 64 * MEBIBYTE
_SPACES = 1000
_SEARCH_STEP = 4 * MEBIBYTE


def walk_zip(walk: Walk, stream: BinaryIO, location: str, depth: int) -> None:
    row = torch_row(stream, walk.options.max_members)
    if not row:
        _walk_one(walk, stream, location, depth)
        return
    message = "has several archives of torch.save in a row, as a sharded checkpoint has"
    walk.find("zip_row", Severity.LOW, message, f"{len(row)} archives", location)
    for start, end in row:
        where = f"{location}!archive at {start}".lstrip("!")
        _walk_one(walk, Window(stream, start, end - start).buffered(), where, depth)


def _walk_one(walk: Walk, stream: BinaryIO, location: str, depth: int) -> None:
    try:
        directories = read_directories(stream, max_entries=walk.options.max_members)
    except ZipFaultError as error:
        walk.gap(location, f"damaged zip: {error}")
        directories = []
    if not directories:
        walk.gap(location, "a zip archive without a directory")
        _members(walk, stream, list(_by_local_headers(stream)), location, depth)
        return
    # An archive that lies inside of a member is that member's content.
    outer, _ = read_members(stream, directories[0])
    directories = [directories[0], *(one for one in directories[1:] if not _is_in(one, outer))]
    _judge_directories(walk, directories, location)
    for directory in directories:
        members, findings = read_members(stream, directory)
        for finding in findings:
            walk.found_inside(finding, location)
        _members(walk, stream, members, location, depth)
        _spaces(walk, stream, members, directory, location, depth=depth)
        if directory.comment:
            where = f"{location}!comment".lstrip("!")
            walk.remainder(directory.comment, where, depth)


def _is_in(directory: Directory, members: list[Member]) -> bool:
    return any(
        member.is_stored and member.start <= directory.start and directory.end <= member.end
        for member in members
        if not member.problem
    )


def _judge_directories(walk: Walk, directories: list[Directory], location: str) -> None:
    first = directories[0]
    if any(other.entries != first.entries for other in directories[1:]):
        message = "has several directories that list different members"
        walk.find("zip_directories", Severity.MEDIUM, message, f"{len(directories)}", location)
    if any(directory.is_contradictory for directory in directories):
        message = "has end records that contradict each other or the directory"
        walk.find("zip_directories", Severity.MEDIUM, message, f"at {first.end}", location)


def _members(
    walk: Walk, stream: BinaryIO, members: list[Member], location: str, depth: int
) -> None:
    roots = {
        match[0] for member in members if (match := re.match(_TORCH_ROOT, member.name)) is not None
    }
    for member in members:
        walk.count_member()
        where = f"{location}!{member.name}" if location else member.name
        _member(walk, stream, member, where, depth=depth, torch_path=_inside(member.name, roots))


def _inside(name: str, roots: set[str]) -> str:
    """Path inside the torch archive that the member belongs to; '' when it is in none."""
    return next((name.removeprefix(root) for root in roots if name.startswith(root)), "")


def _member(
    walk: Walk, stream: BinaryIO, member: Member, where: str, *, depth: int, torch_path: str
) -> None:
    if member.other_method in METHODS:
        other = replace(member, method=member.other_method, other_method=None)
        _member(walk, stream, other, where, depth=depth, torch_path=torch_path)
    if member.problem or member.method not in METHODS:
        walk.gap(where, member.problem or f"packing method {member.method}")
        return
    try:
        head = member_head(stream, member)
    except UNPACK_FAULTS as error:
        walk.gap(where, f"{'encrypted' if member.is_encrypted else 'damaged'}: {error}")
        return
    if _TORCH_RAW.match(torch_path):
        # Numbers of a tensor: only what else they could be is looked at, which is soon over.
        plain = _head_or_window(stream, member, head)
        walk.second_nature(plain, where, Kind.UNKNOWN)
    elif torch_path.startswith("code/") and sniff(head) is Kind.TEXT:
        _source(walk, stream, member, where)
    else:
        with _opened(walk, stream, member, where) as plain:
            if member.name == "schema.json" and is_schema(plain):
                walk.findings.extend(schema_findings(plain, where))
            else:
                walk.member(plain, where, depth)


def _head_or_window(stream: BinaryIO, member: Member, head: bytes) -> BinaryIO:
    return window(stream, member).buffered() if member.is_stored else io.BytesIO(head)


def _source(walk: Walk, stream: BinaryIO, member: Member, where: str) -> None:
    with _opened(walk, stream, member, where) as plain:
        source = plain.read(MAX_SOURCE + 1)
    if len(source) > MAX_SOURCE:
        walk.gap(where, "more source than is read")
    walk.findings.extend(source_findings(source, where))


def _opened(walk: Walk, stream: BinaryIO, member: Member, where: str) -> BinaryIO:
    if member.is_stored:
        if member.size <= _CRC_BYTES:
            _check_crc(walk, member, _crc(window(stream, member)), where)
        return window(stream, member).buffered()
    return walk.spooled(_checked(walk, stream, member, where), where, packed=member.packed)


def _checked(walk: Walk, stream: BinaryIO, member: Member, where: str) -> Iterator[bytes]:
    crc = size = 0
    for piece in unpacked(stream, member):
        crc = zlib.crc32(piece, crc)
        size += len(piece)
        yield piece
    _check_crc(walk, member, crc, where)
    if size != member.size:
        message = "a member unpacks to another size than it says"
        walk.find(
            "zip_size_mismatch", Severity.MEDIUM, message, f"{size}, not {member.size}", where
        )


def _crc(part: Window) -> int:
    crc = 0
    while piece := part.read(MEBIBYTE):
        crc = zlib.crc32(piece, crc)
    return crc


def _check_crc(walk: Walk, member: Member, crc: int, where: str) -> None:
    if crc == member.crc:
        return
    if member.is_encrypted:
        walk.gap(where, "encrypted")
    message = "a member has another checksum than it says"
    evidence = f"{crc:08x}, not {member.crc:08x}"
    walk.find("zip_crc_mismatch", Severity.MEDIUM, message, evidence, where)


def _spaces(
    walk: Walk,
    stream: BinaryIO,
    members: list[Member],
    directory: Directory,
    location: str,
    *,
    depth: int,
) -> None:
    """What stands before, between and behind the members, where only some readers look."""
    size = stream.seek(0, io.SEEK_END)
    stretches = list(spaces(members, 0, directory.start))
    if directory.end < size:
        stretches.append((directory.end, size))
    for count, span in enumerate(stretches):
        if count >= _SPACES:
            walk.gap(location, "more stretches between members than are looked at")
            return
        _space(walk, stream, span, location, depth)


def _space(walk: Walk, stream: BinaryIO, span: tuple[int, int], location: str, depth: int) -> None:
    start, end = span
    stream.seek(start)
    if end - start > _SPACE_BYTES:
        walk.gap(location, f"{end - start} bytes between the members of a zip")
        return
    content = stream.read(end - start)
    if not content.strip(b"\x00"):
        return
    where = f"{location}!bytes at {start}".lstrip("!")
    message = "has bytes that belong to no member of the zip archive"
    walk.find("zip_hidden_data", Severity.MEDIUM, message, f"{end - start} bytes at {start}", where)
    hidden = content.find(LOCAL_MAGIC)
    if hidden < 0:
        walk.remainder(content, where, depth)
        return
    found = list(_by_local_headers(io.BytesIO(content)))
    _members(walk, io.BytesIO(content), found, where, depth + 1)


def _by_local_headers(stream: BinaryIO) -> Iterator[Member]:
    """Members as a reader finds them who starts at the front and knows no directory."""
    position = 0
    while (position := _next_header(stream, position)) >= 0:
        member = local_member(stream, position)
        position += len(LOCAL_MAGIC)
        if member is not None:
            yield member
            position = max(position, member.start)


def _next_header(stream: BinaryIO, start: int) -> int:
    while start >= 0:
        stream.seek(start)
        chunk = stream.read(_SEARCH_STEP + len(LOCAL_MAGIC) - 1)
        at = chunk.find(LOCAL_MAGIC)
        if at >= 0:
            return start + at
        start = start + _SEARCH_STEP if len(chunk) > _SEARCH_STEP else -1
    return -1
