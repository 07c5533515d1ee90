"""Values of any length in an HDF5 file: they lie in heaps, unpacked, whoever points to them."""

from __future__ import annotations

from collections.abc import Iterator

from scanning.scanners._tensors.kept_stream import KeptStream
from scanning.scanners.base import MEBIBYTE

_MARK = b"GCOL\x01\x00\x00\x00"
_BLOCK = MEBIBYTE // 4
_LONGEST = 64 * MEBIBYTE
_HEAD = 8


def heap_objects(stream: KeptStream, width: int) -> Iterator[bytes | None]:
    """Each value; None where one is longer than is read. `width`: bytes of a length."""
    size = stream.seek(0, 2)
    for place in _heaps(stream, size):
        stream.seek(place + len(_MARK))
        end = place + int.from_bytes(stream.read(width), "little")
        at = place + len(_MARK) + width
        while at + _HEAD + width <= min(end, size):
            stream.seek(at)
            head = stream.read(_HEAD + width)
            length = int.from_bytes(head[_HEAD:], "little")
            if not int.from_bytes(head[:2], "little"):
                break
            yield stream.read(length) if length <= _LONGEST else None
            at += _HEAD + width + length + -length % 8


def _heaps(stream: KeptStream, size: int) -> Iterator[int]:
    for begin in range(0, size, _BLOCK):
        stream.seek(begin)
        block = stream.read(_BLOCK + len(_MARK) - 1)
        at = block.find(_MARK)
        while at >= 0:
            yield begin + at
            at = block.find(_MARK, at + 1)
