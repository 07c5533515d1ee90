"""Small parts of HDF5: addresses, types of values, links and where datasets lie."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import NamedTuple

from scanning.scanners._tensors.reading import ByteReader, FormatError

_WIDTHS = frozenset({2, 4, 8})
_STRING, _OPAQUE, _COMPOUND, _REFERENCE, _VARIABLE, _ARRAY = 3, 5, 6, 7, 9, 10
_MAX_VALUES = 100_000
_MAX_COLLECTION = 64 * 1024 * 1024
_KEPT_HEAPS = 2
_LAYOUTS = {0: "compact", 1: "contiguous", 2: "chunked", 3: "virtual"}


class Field(NamedTuple):
    """Where something lies."""

    start: int
    size: int


class Address:
    """Addresses and lengths, as wide as the superblock says."""

    def __init__(self, reader: ByteReader) -> None:
        self.reader = reader
        self.offset_bytes = 8
        self.length_bytes = 8
        self.heaps: dict[int, dict[int, bytes]] = {}  # those that were read last

    def set_widths(self, offset_bytes: int, length_bytes: int) -> None:
        if not {offset_bytes, length_bytes} <= _WIDTHS:
            raise FormatError(f"addresses of {offset_bytes} and lengths of {length_bytes} bytes")
        self.offset_bytes, self.length_bytes = offset_bytes, length_bytes

    def decode(self, raw: bytes) -> int | None:
        """None for the address that says nowhere."""
        if len(raw) != self.offset_bytes:
            raise FormatError("an address that is cut")
        return None if raw == b"\xff" * len(raw) else int.from_bytes(raw, "little")

    def read(self) -> int | None:
        return self.decode(self.reader.take(self.offset_bytes))

    def length(self) -> int:
        return int.from_bytes(self.reader.take(self.length_bytes), "little")


def datatype_texts(kind: bytes, value: bytes, address: Address, gaps: list[str]) -> Iterator[bytes]:
    """Texts and opaque bytes in an attribute's value; numbers hold none."""
    number, size = kind[0] & 15, int.from_bytes(kind[4:8], "little")
    if number in {_STRING, _OPAQUE}:
        for start in range(0, len(value), max(1, size)):
            yield value[start : start + size]
            if start > _MAX_VALUES:
                gaps.append("an attribute of more texts than are read")
                return
    elif number == _VARIABLE:
        yield from _variable(value, address, gaps)
    elif number in {_COMPOUND, _REFERENCE, _ARRAY}:
        yield value  # as it is: a text in it is still found by its words


def _variable(value: bytes, address: Address, gaps: list[str]) -> Iterator[bytes]:
    """Values of any length lie in a global heap: length, address of the collection, index."""
    entry = 4 + address.offset_bytes + 4
    for count, start in enumerate(range(0, len(value) - entry + 1, entry)):
        if count > _MAX_VALUES:
            gaps.append("an attribute of more texts than are read")
            return
        raw = value[start : start + entry]
        length = int.from_bytes(raw[:4], "little")
        place = address.decode(raw[4:-4])
        if not length or place is None:
            continue
        found = _kept_collection(place, address).get(int.from_bytes(raw[-4:], "little"))
        if found is None:
            raise FormatError("a text that is not in its heap")
        yield found[:length]


def _kept_collection(place: int, address: Address) -> dict[int, bytes]:
    found = address.heaps.pop(place, None)
    if found is None:
        found = _collection(place, address)
        if len(address.heaps) >= _KEPT_HEAPS:
            del address.heaps[next(iter(address.heaps))]
    address.heaps[place] = found
    return found


def _collection(place: int, address: Address) -> dict[int, bytes]:
    reader = address.reader
    here = reader.position
    if reader.take_at(place, 4) != b"GCOL":
        raise FormatError(f"no global heap at {place}")
    reader.skip(4)
    size = address.length()
    if size > _MAX_COLLECTION:
        raise FormatError(f"a global heap of {size} bytes")
    end = place + size
    objects: dict[int, bytes] = {}
    head = 8 + address.length_bytes
    while reader.position + head <= end:
        index = int.from_bytes(reader.take(2), "little")
        reader.skip(6)
        length = address.length()
        if index == 0:
            break
        objects[index] = reader.take(length)
        reader.move(min(reader.position + -length % 8, end))
    reader.move(here)
    return objects


def storage_class(raw: bytes) -> str | None:
    """Where a dataset keeps its bytes, by the layout message; None when that is not known."""
    version = raw[0] if raw else 0
    if version in {1, 2}:
        return _LAYOUTS.get(raw[2]) if raw[2] != 3 else None  # noqa: PLR2004 virtual came later
    return _LAYOUTS.get(raw[1]) if version in {3, 4, 5} else None


def link_target(raw: bytes, offset_bytes: int) -> tuple[str, bytes]:
    """Kind (hard, soft, external) and target of a link message."""
    if len(raw) < 4 or raw[0] != 1:  # noqa: PLR2004 its shortest form
        raise FormatError("a link of an unknown version")
    flags, position = raw[1], 2
    kind = 0
    if flags & 8:
        kind, position = raw[position], position + 1
    position += 8 if flags & 4 else 0
    position += 1 if flags & 16 else 0
    width = 1 << (flags & 3)
    length = int.from_bytes(raw[position : position + width], "little")
    position += width + length
    if kind == 0:
        return "hard", raw[position : position + offset_bytes]
    target = raw[position + 2 :]
    return ("soft" if kind == 1 else "external"), target.strip(b"\x00")


def space_size(raw: bytes, width: int) -> int:
    """How many values a dataspace has."""
    if len(raw) < 4 or raw[0] not in {1, 2}:  # noqa: PLR2004 its shortest form
        raise FormatError("a dataspace of an unknown version")
    start = 8 if raw[0] == 1 else 4
    sizes = [raw[start + at * width : start + (at + 1) * width] for at in range(raw[1])]
    return prod(int.from_bytes(one, "little") for one in sizes)
