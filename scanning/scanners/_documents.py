"""What a PDF does by itself, or brings along, by the names of its actions."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from scanning.scanners._sniff import is_text

MARK = b"%PDF-"
_MARK_WITHIN = 1024
_LONGEST, _MOST_UNPACKED = 64 << 20, 64 << 20
_NAMES = re.compile(rb"/(JavaScript|Launch|EmbeddedFiles?|RichMedia|SubmitForm|ImportData)\b")
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_STREAM = re.compile(rb"stream\r?\n")


def is_document(head: bytes) -> bool:
    """Readers find the mark somewhat behind the beginning, too."""
    begins = head.lstrip().startswith(MARK)
    return begins or (MARK in head[:_MARK_WITHIN] and not is_text(head))


def actions(stream: BinaryIO) -> list[str]:
    """Names of actions, in objects that are packed too; others and encrypted ones are not read."""
    stream.seek(0)
    content = stream.read(_LONGEST)
    found = {name for part in (content, *_unpacked(content)) for name in _names(part)}
    return sorted(found)


def _names(part: bytes) -> Iterator[str]:
    plain = _ESCAPED.sub(lambda match: bytes([int(match[1], 16)]), part) if b"#" in part else part
    for match in _NAMES.finditer(plain):
        yield match[1].decode()


def _unpacked(content: bytes) -> Iterator[bytes]:
    left = _MOST_UNPACKED
    for match in _STREAM.finditer(content):
        if content[match.end() : match.end() + 1] != b"\x78" or left <= 0:
            continue  # not packed by zlib
        unpacker = zlib.decompressobj()
        try:
            part = unpacker.decompress(memoryview(content)[match.end() :], min(left, 1 << 20))
        except zlib.error:
            continue
        left -= len(part)
        yield part
