"""Where sound, film, TIFF and icons end, by the parts that their formats are made of.

FLAC is not among them: where its last frame ends is told by nothing but decoding it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import BinaryIO, TypeAlias

from scanning.scanners._tiff_end import BrokenError, take, tiff_end

Reader: TypeAlias = Callable[[BinaryIO, int], int]
_PARTS = 1_000_000
_OWN_PARTS = 1000
_BOXES = frozenset(
    b"ftyp moov mdat free skip wide uuid moof mfra sidx ssix styp meta pnot udta PICT emsg prft "
    b"pdin imda mere".split()
)
_OWN_BOXES = frozenset({b"free", b"skip", b"wide", b"uuid", b"udta"})
_NUMBERS_OF_RIFF = frozenset({b"fmt ", b"data", b"RIFF"})
_ICON = re.compile(rb"\x00\x00[\x01\x02]\x00([\x01-\x20])\x00.{3}\x00.{4}.{4}(.{4})", re.DOTALL)
_RATES = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
_FREQUENCIES = (44100, 48000, 32000)


def is_media(head: bytes) -> bool:
    return _reader(head) is not None


def media_end(stream: BinaryIO) -> int | None:
    """The offset behind the last part; None where they lead nowhere."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    reader = _reader(stream.read(4096))
    try:
        told = reader(stream, size) if reader else None
    except BrokenError:
        return None
    return told if told is not None and told <= size else None


def own_parts(stream: BinaryIO) -> Iterator[tuple[int, int]]:
    """Where parts lie that a player need not know."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    reader = _reader(stream.read(4096))
    with suppress(BrokenError):
        if reader is _riff:
            parts = ((at, left) for name, at, left in _chunks(stream, size)
                     if name not in _NUMBERS_OF_RIFF)  # fmt: skip
        elif reader is _boxes:
            parts = ((at, left) for name, at, left in _all_boxes(stream, size)
                     if name in _OWN_BOXES)  # fmt: skip
        else:
            return
        for count, part in enumerate(parts):
            if count >= _OWN_PARTS:
                return
            yield part


def _reader(head: bytes) -> Reader | None:
    for mark, reader in _MARKS.items():
        if mark.match(head):
            return reader
    icon = _ICON.match(head)
    if icon and int.from_bytes(icon[2], "little") == 6 + 16 * icon[1][0]:
        return _icon
    first = _frame(head)
    return _frames if first and _frame(head[first:]) else None


def _chunks(stream: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Chunks of RIFF; the first is the whole."""
    end = 8 + int.from_bytes(take(stream, 4, 4), "little")
    yield b"RIFF", 8, end - 8
    at = 12
    for _ in range(_PARTS):
        if at + 8 > min(end, size):
            return
        head = take(stream, at, 8)
        length = int.from_bytes(head[4:], "little")
        if at + 8 + length > end:
            raise BrokenError
        yield head[:4], at + 8, length
        at += 8 + length + length % 2
    raise BrokenError


def _riff(stream: BinaryIO, size: int) -> int:
    return max(at + length for _, at, length in _chunks(stream, size))


def _all_boxes(stream: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    at = 0
    for _ in range(_PARTS):
        if at + 8 > size:
            return
        head = take(stream, at, 8)
        if head[4:] not in _BOXES:
            return
        length, begin = int.from_bytes(head[:4], "big"), 8
        if length == 1:
            length, begin = int.from_bytes(take(stream, at + 8, 8), "big"), 16
        elif not length and head[4:] == b"mdat":
            length = size - at  # the last one may be as long as the file
        if length < begin:
            raise BrokenError
        yield head[4:], at + begin, length - begin
        at += length
    raise BrokenError


def _boxes(stream: BinaryIO, size: int) -> int:
    found = list(_all_boxes(stream, size))
    names = {name for name, _, _ in found}
    if not names & {b"moov", b"meta", b"moof"}:
        raise BrokenError
    return max(at + length for _, at, length in found)


def _pages(stream: BinaryIO, size: int) -> int:
    at = 0
    for _ in range(_PARTS):
        if at + 27 > size or take(stream, at, 5) != b"OggS\x00":
            return at
        count = take(stream, at + 26, 1)[0]
        at += 27 + count + sum(take(stream, at + 27, count))
    raise BrokenError


def _icon(stream: BinaryIO, size: int) -> int:
    count = take(stream, 4, 1)[0]
    table = take(stream, 6, 16 * count)
    ends = [0]
    for at in range(0, len(table), 16):
        length, start = (int.from_bytes(table[at + k : at + k + 4], "little") for k in (8, 12))
        ends.append(length + start)
    return max(ends)


def _frame(head: bytes) -> int:
    """Bytes of a frame of MPEG sound, layer 3; 0 when it is none."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:  # noqa: PLR2004
        return 0
    version, rate, frequency = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or rate in {0, 15} or frequency == 3:  # noqa: PLR2004 reserved
        return 0
    is_first = version == 3  # noqa: PLR2004 MPEG 1
    hertz = _FREQUENCIES[frequency] >> {3: 0, 2: 1, 0: 2}[version]
    bits = _RATES[not is_first][rate] * 1000
    return (144 if is_first else 72) * bits // hertz + (head[2] >> 1 & 1)


def _frames(stream: BinaryIO, size: int) -> int:
    at, count = 0, 0
    if take(stream, 0, 3) == b"ID3":
        parts = take(stream, 6, 4)
        at = 10 + sum((part & 127) << 7 * (3 - place) for place, part in enumerate(parts))
    while at + 4 <= size and (length := _frame(take(stream, at, 4))):
        at, count = at + length, count + 1
        if count > _PARTS:
            raise BrokenError
    if not count:
        raise BrokenError
    at = min(at, size)
    return at + 128 if size - at == 128 and take(stream, at, 3) == b"TAG" else at  # noqa: PLR2004


_MARKS: dict[re.Pattern[bytes], Reader] = {
    re.compile(rb"RIFF.{4}(WAVE|AVI )", re.DOTALL): _riff,
    re.compile(rb".{4}ftyp", re.DOTALL): _boxes,
    re.compile(rb"OggS\x00"): _pages,
    re.compile(rb"II\*\x00|MM\x00\*"): tiff_end,
    re.compile(rb"ID3[\x02-\x04]"): _frames,
}
