"""Where a picture ends, by its own format: what stands behind is shown by no viewer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

_PNG, _JPEG, _GIF, _BMP = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"BM"
_CHUNKS = 1_000_000
_HEAD, _BITMAP = 34, 40  # bytes looked at, and of the form of BMP that says more
_OWN_CHUNKS = 1000
_BLOCK = 1 << 20
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers of JPEG without a length
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_EXTENSION, _PICTURE, _TRAILER = 0x21, 0x2C, 0x3B


class _BrokenError(ValueError):
    """A picture that has no end."""


def picture_end(stream: BinaryIO) -> int | None:
    """The offset behind the last byte of the picture; None where it has no end."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    head = stream.read(_HEAD)
    reader = next((one for magic, one in _READERS.items() if head.startswith(magic)), None)
    try:
        told = reader(stream) if reader else _told(head)
    except _BrokenError:
        return None
    return told if told <= size + 1 else None


def _told(head: bytes) -> int:
    """What BMP and WebP say of themselves."""
    if head.startswith(_BMP):
        return _bitmap(head)
    if not head.startswith(b"RIFF"):
        raise _BrokenError
    told = int.from_bytes(head[4:8], "little") + 8
    return told + told % 2


def _bitmap(head: bytes) -> int:
    """As many bytes as its rows are, where it is not packed: it may say that it has more."""
    told, start = int.from_bytes(head[2:6], "little"), int.from_bytes(head[10:14], "little")
    if len(head) < _HEAD or int.from_bytes(head[14:18], "little") < _BITMAP or any(head[30:34]):
        return told
    width, height = (int.from_bytes(head[at : at + 4], "little", signed=True) for at in (18, 22))
    row = (abs(width) * int.from_bytes(head[28:30], "little") + 31) // 32 * 4
    return min(told, start + row * abs(height))


def own_chunks(stream: BinaryIO) -> Iterator[tuple[int, int]]:
    """Where each chunk of a PNG lies that a viewer need not know; none of another picture."""
    stream.seek(0)
    at = len(_PNG)
    if stream.read(at) != _PNG:
        return
    with suppress(_BrokenError):
        for _ in range(_OWN_CHUNKS):
            stream.seek(at)
            head = _take(stream, 8)
            size = int.from_bytes(head[:4], "big")
            if head[4] & 0x20:
                yield at + 8, size
            at += 12 + size


def _take(stream: BinaryIO, size: int) -> bytes:
    content = stream.read(size)
    if len(content) != size:
        raise _BrokenError
    return content


def _png(stream: BinaryIO) -> int:
    at = len(_PNG)
    for _ in range(_CHUNKS):
        stream.seek(at)
        head = _take(stream, 8)
        at += 12 + int.from_bytes(head[:4], "big")
        if head[4:] == b"IEND":
            return at
    raise _BrokenError


def _gif(stream: BinaryIO) -> int:
    stream.seek(10)
    _table(stream, _take(stream, 3)[0])
    for _ in range(_CHUNKS):
        kind = _take(stream, 1)[0]
        if kind == _TRAILER:
            return stream.tell()
        if kind == _PICTURE:
            _table(stream, _take(stream, 9)[8])
        elif kind != _EXTENSION:
            raise _BrokenError
        _take(stream, 1)  # the kind of extension, or the size of codes
        while length := _take(stream, 1)[0]:
            stream.seek(length, os.SEEK_CUR)
    raise _BrokenError


def _table(stream: BinaryIO, flags: int) -> None:
    if flags & 0x80:
        stream.seek(3 << (flags & 7) + 1, os.SEEK_CUR)


def _jpeg(stream: BinaryIO) -> int:
    at = 2
    for _ in range(_CHUNKS):
        stream.seek(at)
        head = _take(stream, 2)
        if head[0] != 0xFF:  # noqa: PLR2004 what every marker begins with
            raise _BrokenError
        if head[1] == 0xFF:  # noqa: PLR2004 filled up
            at += 1
        elif head[1] == _END_OF_IMAGE:
            return at + 2
        elif head[1] in _ALONE:
            at += 2
        else:
            at += 2 + int.from_bytes(_take(stream, 2), "big")
            at = _behind_scan(stream, at) if head[1] == _START_OF_SCAN else at
    raise _BrokenError


def _behind_scan(stream: BinaryIO, at: int) -> int:
    """Where the next marker stands that is none of those within coded numbers."""
    stream.seek(at)
    while block := stream.read(_BLOCK):
        place = block.find(b"\xff")
        while 0 <= place < len(block) - 1:
            if block[place + 1] and not 0xD0 <= block[place + 1] <= 0xD7:  # noqa: PLR2004 restarts
                return at + place
            place = block.find(b"\xff", place + 1)
        step = len(block) if place < 0 or len(block) == 1 else len(block) - 1
        if len(block) < _BLOCK:
            break
        at += step
        stream.seek(at)
    raise _BrokenError


_READERS = {_PNG: _png, _JPEG: _jpeg, _GIF: _gif}
