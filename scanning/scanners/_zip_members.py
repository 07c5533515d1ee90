"""Read zip members from the bytes themselves: flag bits, CRC and names cannot hide a member.

`zipfile` refuses a member with the encryption bit set, a wrong CRC or a different local name, and
loaders written in C do not; so only its reading of the central directory is used.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from scanning.scanners._pickle_stream import Window
from scanning.scanners.base import HEAD_BYTES, MEBIBYTE, Finding, Severity

_LOCAL = struct.Struct("<4s5H3L2H")
_LOCAL_MAGIC = b"PK\x03\x04"
_ENCRYPTED = 0x1
_BOMB_RATIO = 200
_BOMB_BYTES = 10 * MEBIBYTE
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
    problem: str = ""

    @property
    def is_stored(self) -> bool:
        return self.method == zipfile.ZIP_STORED


def read_members(stream: BinaryIO) -> tuple[list[Member], list[Finding]]:
    """Members by central directory; `zipfile.BadZipFile` when there is none to read."""
    try:
        with zipfile.ZipFile(stream) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
    except (NotImplementedError, struct.error) as error:
        raise zipfile.BadZipFile(f"a directory that cannot be read: {error}") from error
    findings = list(_archive_findings(infos))
    return [_locate(stream, info, findings) for info in infos], findings


def _locate(stream: BinaryIO, info: zipfile.ZipInfo, findings: list[Finding]) -> Member:
    stream.seek(info.header_offset)
    raw = stream.read(_LOCAL.size)
    if len(raw) != _LOCAL.size or not raw.startswith(_LOCAL_MAGIC):
        return Member(info.filename, 0, 0, 0, 0, "its local header is not where it should be")
    fields = _LOCAL.unpack(raw)
    flags, method, name_size, extra_size = fields[2], fields[3], fields[9], fields[10]
    local_name = stream.read(name_size)
    where = f"{info.filename}: local header at {info.header_offset}"
    if _name_differs(local_name, info):
        text = "is named differently in its own header"
        findings.append(_finding("zip_name_mismatch", Severity.MEDIUM, text, info, where))
    if method != info.compress_type:
        text = "is packed differently according to its own header"
        findings.append(_finding("zip_method_mismatch", Severity.MEDIUM, text, info, where))
    if (flags | info.flag_bits) & _ENCRYPTED:
        text = "claims to be encrypted"
        findings.append(_finding("zip_encrypted", Severity.MEDIUM, text, info, where))
    start = info.header_offset + _LOCAL.size + name_size + extra_size
    return Member(info.filename, start, info.compress_size, info.file_size, info.compress_type)


def _name_differs(local_name: bytes, info: zipfile.ZipInfo) -> bool:
    encoding = "utf-8" if info.flag_bits & 0x800 else "cp437"
    return local_name.decode(encoding, "replace") != info.orig_filename


def _finding(
    rule: str, severity: Severity, text: str, info: zipfile.ZipInfo, evidence: str
) -> Finding:
    return Finding(rule, severity, f"a member {text}", evidence, info.filename)


def _archive_findings(infos: list[zipfile.ZipInfo]) -> Iterator[Finding]:
    seen: set[str] = set()
    for info in infos:
        if info.filename in seen:
            yield _finding("zip_duplicate", Severity.MEDIUM, "exists twice", info, info.filename)
        seen.add(info.filename)
        if is_escaping(info.filename):
            text = "would be written outside of the folder it is unpacked to"
            yield _finding("archive_escape", Severity.HIGH, text, info, info.filename)
        if (info.external_attr >> 16) & _TYPE_MASK == _SYMLINK:
            yield _finding("archive_link", Severity.HIGH, "is a symbolic link", info, info.filename)
        if info.file_size > max(_BOMB_BYTES, info.compress_size * _BOMB_RATIO):
            evidence = f"{info.compress_size} bytes unpack to {info.file_size}"
            yield _finding("archive_bomb", Severity.HIGH, "unpacks enormously", info, evidence)


def is_escaping(name: str) -> bool:
    return bool(_ABSOLUTE.match(name)) or ".." in re.split(r"[/\\]", name)


def member_head(stream: BinaryIO, member: Member) -> bytes:
    """First bytes of the member's content; empty when its method cannot be unpacked here."""
    if member.is_stored:
        stream.seek(member.start)
        return stream.read(min(HEAD_BYTES, member.packed))
    return next(unpacked(stream, member), b"")[:HEAD_BYTES]


def unpacked(stream: BinaryIO, member: Member) -> Iterator[bytes]:
    """Content of a deflated member in pieces, read to the end of the deflate stream.

    Raises `zlib.error` on damage. Sizes and CRC of the directory are not believed.
    """
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    position = member.start
    pending = b""
    while not engine.eof:
        if not pending:
            stream.seek(position)
            pending = stream.read(64 * 1024)
            position += len(pending)
            if not pending:
                raise zlib.error("the member ends before its data does")
        piece = engine.decompress(pending, MEBIBYTE)
        pending = engine.unconsumed_tail
        if piece:
            yield piece


def window(stream: BinaryIO, member: Member) -> Window:
    return Window(stream, member.start, member.packed)
