"""UBJSON, as XGBoost writes its models: values and arrays of numbers to the last byte.

Format: https://ubjson.org/type-reference/, and the typed arrays of its draft 12.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from scanning.scanners._tensors.reading import ByteReader, FormatError

# A table whose first key has a length of eight bytes, as XGBoost writes it. No pickle begins so.
XGBOOST = b"{L\x00\x00\x00\x00\x00\x00\x00"
_INTEGERS = {b"i": ">b", b"U": ">B", b"I": ">h", b"l": ">i", b"L": ">q"}
_WIDTHS = {
    **{key: struct.calcsize(form) for key, form in _INTEGERS.items()},
    b"d": 4, b"D": 8, b"C": 1, b"Z": 0, b"T": 0, b"F": 0, b"N": 0,
}  # fmt: skip
_ENDS = {b"{": b"}", b"[": b"]"}
_MAX_DEPTH = 200
_MAX_VALUES = 20_000_000


@dataclass(slots=True)
class _Open:
    """A list or table that is not at its end: how many are `left`, below zero when uncounted."""

    mark: bytes
    left: int


def examine_ubjson(reader: ByteReader) -> None:
    """Go through every value; FormatError or BoundsError where one breaks the format."""
    open_ones: list[_Open] = []
    values = 0
    while values == 0 or open_ones:
        values += 1
        if values > _MAX_VALUES or len(open_ones) > _MAX_DEPTH:
            raise FormatError("more values than are followed")
        inside = open_ones[-1] if open_ones else None
        if inside is not None and inside.left == 0:
            open_ones.pop()
            continue
        mark = reader.take(1)
        if inside is not None and inside.left < 0 and mark == _ENDS[inside.mark]:
            open_ones.pop()
            continue
        if inside is not None:
            inside.left -= 1 if inside.left > 0 else 0
            if inside.mark == b"{":
                reader.skip(_length(reader, mark))  # the mark was that of the key's length
                mark = reader.take(1)
        _value(reader, mark, open_ones)
    if reader.left:
        raise FormatError("bytes behind the last value")


def _value(reader: ByteReader, mark: bytes, open_ones: list[_Open]) -> None:
    if mark in _ENDS:
        _begin(reader, mark, open_ones)
    elif mark in {b"S", b"H"}:
        reader.skip(_length(reader, reader.take(1)))
    elif mark in _WIDTHS:
        reader.skip(_WIDTHS[mark])
    else:
        raise FormatError(f"a value of the unknown type {mark!r}")


def _begin(reader: ByteReader, mark: bytes, open_ones: list[_Open]) -> None:
    """A list or table: its type and count may stand first; numbers of one type are passed over."""
    start = reader.position
    sign = reader.take(1)
    if sign == b"#":
        open_ones.append(_Open(mark, _length(reader, reader.take(1))))
    elif sign == b"$":
        width = _WIDTHS.get(reader.take(1))
        if not width or mark != b"[" or reader.take(1) != b"#":
            raise FormatError("an array of one type that is none of numbers")
        reader.skip(width * _length(reader, reader.take(1)))
    else:
        reader.move(start)
        open_ones.append(_Open(mark, -1))


def _length(reader: ByteReader, mark: bytes) -> int:
    form = _INTEGERS.get(mark)
    if form is None:
        raise FormatError(f"a length of the type {mark!r}")
    (length,) = struct.unpack(form, reader.take(struct.calcsize(form)))
    if length < 0:
        raise FormatError("a length below zero")
    return int(length)
