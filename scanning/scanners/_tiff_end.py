"""Where a TIFF ends: behind the last of the places that its folders name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Literal

_SIZES = {3: 2, 4: 4, 5: 8, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_FOLDERS = frozenset({330, 34665, 34853, 40965})
_PLACES = {273: 279, 324: 325, 513: 514}  # of strips and tiles, and the field that has their sizes
_KEPT = _FOLDERS | _PLACES.keys() | frozenset(_PLACES.values())
_MOST_VALUES, _MOST_FOLDERS = 1_000_000, 1000
_SHORT = 4  # bytes that stand in the entry itself


class BrokenError(ValueError):
    """It has no end."""


def take(stream: BinaryIO, at: int, size: int) -> bytes:
    stream.seek(at)
    content = stream.read(size)
    if len(content) != size:
        raise BrokenError
    return content


def tiff_end(stream: BinaryIO, _size: int) -> int:
    return _Tiff(stream).end()


class _Tiff:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._order: Literal["little", "big"] = "little" if take(stream, 0, 1) == b"I" else "big"
        self._end = 8

    def end(self) -> int:
        pending, seen = [self._number(take(self._stream, 4, 4))], {0}
        while pending:
            place = pending.pop()
            if place not in seen:
                seen.add(place)
                pending += self._folder(place)
            if len(seen) > _MOST_FOLDERS:
                raise BrokenError
        return self._end

    def _folder(self, place: int) -> Iterator[int]:
        """Further folders that this one names."""
        count = self._number(take(self._stream, place, 2))
        table = take(self._stream, place + 2, 12 * count + 4)
        self._reach(place + 6 + 12 * count)
        values = dict(self._entry(table[at : at + 12]) for at in range(0, 12 * count, 12))
        for tag, sizes in _PLACES.items():
            for start, length in zip(values.get(tag, ()), values.get(sizes, ()), strict=False):
                self._reach(start + length)
        for tag in _FOLDERS:
            yield from values.get(tag, ())
        yield self._number(table[-4:])

    def _entry(self, raw: bytes) -> tuple[int, list[int]]:
        tag, kind, many = (self._number(part) for part in (raw[:2], raw[2:4], raw[4:8]))
        width = _SIZES.get(kind, 1)
        where, size = self._number(raw[8:]), many * width
        if size > _SHORT:
            self._reach(where + size)
        if tag not in _KEPT:
            return tag, []
        if many > _MOST_VALUES:
            raise BrokenError
        content = raw[8 : 8 + size] if size <= _SHORT else take(self._stream, where, size)
        return tag, [self._number(content[at : at + width]) for at in range(0, size, width)]

    def _reach(self, end: int) -> None:
        self._end = max(self._end, end)

    def _number(self, raw: bytes) -> int:
        return int.from_bytes(raw, self._order)
