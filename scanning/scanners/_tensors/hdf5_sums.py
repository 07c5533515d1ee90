"""Checksums of HDF5's newer form: Jenkins' lookup3, over the bytes before them.

Definition: https://burtleburtle.net/bob/c/lookup3.c (`hashlittle` with 0 to begin with).
"""

from __future__ import annotations

import struct

from scanning.scanners._tensors.reading import ByteReader

_MASK = 0xFFFFFFFF
_MOST = 1 << 20  # bytes that are summed up in a file: the rest is taken at its word
_WORDS = struct.Struct("<3I")
_MIX = ((4, 6, 8), (16, 19, 4))
_WIDTH = 4


class Sums:
    """Compares checksums of one file; `wrong` are the places of those that are not right."""

    def __init__(self, reader: ByteReader) -> None:
        self._reader = reader
        self._left = _MOST
        self.wrong: list[int] = []

    def check(self, start: int, size: int) -> None:
        """Of so many bytes, the checksum behind them; the reader's position stays."""
        reader = self._reader
        if not 0 < size <= self._left or start + size + _WIDTH > reader.size:
            return
        self._left -= size
        here = reader.position
        content, told = reader.take_at(start, size), reader.take(_WIDTH)
        reader.move(here)
        if lookup3(content) != int.from_bytes(told, "little"):
            self.wrong.append(start)


def lookup3(content: bytes) -> int:
    a = b = c = (0xDEADBEEF + len(content)) & _MASK
    if not content:
        return c
    whole = (len(content) - 1) // _WORDS.size * _WORDS.size
    for x, y, z in _WORDS.iter_unpack(memoryview(content)[:whole]):
        a, b, c = _mixed((a + x) & _MASK, (b + y) & _MASK, (c + z) & _MASK)
    x, y, z = _WORDS.unpack(content[whole:].ljust(_WORDS.size, b"\0"))
    return _ended((a + x) & _MASK, (b + y) & _MASK, (c + z) & _MASK)


def _mixed(a: int, b: int, c: int) -> tuple[int, int, int]:
    for p, q, r in _MIX:
        a = (a - c & _MASK) ^ (c << p & _MASK | c >> 32 - p)
        c = c + b & _MASK
        b = (b - a & _MASK) ^ (a << q & _MASK | a >> 32 - q)
        a = a + c & _MASK
        c = (c - b & _MASK) ^ (b << r & _MASK | b >> 32 - r)
        b = b + a & _MASK
    return a, b, c


def _ended(a: int, b: int, c: int) -> int:
    for p, q, r in ((14, 11, 25), (16, 4, 14)):
        c = (c ^ b) - (b << p & _MASK | b >> 32 - p) & _MASK
        a = (a ^ c) - (c << q & _MASK | c >> 32 - q) & _MASK
        b = (b ^ a) - (a << r & _MASK | a >> 32 - r) & _MASK
    return (c ^ b) - (b << 24 & _MASK | b >> 8) & _MASK
