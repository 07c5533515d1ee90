"""What newer writers of HDF5 keep in fractal heaps: many links, many or long attributes.

Format: https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html, III.A.2 (B-trees of
version 2) and III.G (fractal heaps). The index says which objects there are, as its readers do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from scanning.scanners._tensors.hdf5_parts import Address, Field
from scanning.scanners._tensors.hdf5_sums import Sums
from scanning.scanners._tensors.reading import ByteReader, FormatError

_HUGE_OBJECTS = 1
# Where in a record the object's id begins, by the kind of the index.
_ID_AT = {5: 4, 6: 8, 8: 0, 9: 0}
_SHARED_AT = {8: 8, 9: 8}
_NODE_HEAD = 10  # mark, version, kind and checksum
_MAX_RECORDS = 200_000
_MAX_BLOCKS = 100_000
_MAX_PLACES = 2_000_000
_MANAGED, _HUGE = 0, 1


class UnreadFormError(FormatError):
    """A form that is allowed and is not read."""


class DenseObjects:
    """Objects of one heap."""

    def __init__(self, reader: ByteReader, address: Address, heap: int, sums: Sums) -> None:
        self._sums = sums
        self._reader = reader
        self._address = address
        self._blocks = _Blocks(reader, address, heap, sums)
        self._huge: dict[int, Field] | None = None

    def fields(self, index: int) -> Iterator[Field]:
        """Where each object lies that the index lists."""
        kind, records = _records(self._reader, self._address, index, self._sums)
        if kind not in _ID_AT:
            raise FormatError(f"an index of kind {kind}")
        begin, flags = _ID_AT[kind], _SHARED_AT.get(kind)
        end = begin + self._blocks.id_bytes
        for record in records:
            if len(record) < end:
                raise FormatError("an index whose records are too short")
            if flags is not None and record[flags] & 2:
                raise UnreadFormError("a message that is shared")
            yield self._place(record[begin:end])

    def _place(self, name: bytes) -> Field:
        kind = name[0] >> 4 & 3
        if name[0] >> 6 or kind not in {_MANAGED, _HUGE}:
            raise UnreadFormError("an object that lies in its own name")
        if kind == _MANAGED:
            return self._blocks.place(name[1:])
        if len(name) > self._address.offset_bytes + self._address.length_bytes:
            raise UnreadFormError("a long object without an index")
        if self._huge is None:
            self._huge = dict(self._huge_objects())
        width = min(self._address.length_bytes, len(name) - 1)
        found = self._huge.get(int.from_bytes(name[1 : 1 + width], "little"))
        if found is None:
            raise FormatError("a long object that is not in its heap")
        return found

    def _huge_objects(self) -> Iterator[tuple[int, Field]]:
        if self._blocks.huge_index is None:
            return
        index = self._blocks.huge_index
        kind, records = _records(self._reader, self._address, index, self._sums)
        if kind != _HUGE_OBJECTS:
            raise UnreadFormError("long objects that are packed")
        wide, long = self._address.offset_bytes, self._address.length_bytes
        for record in records:
            place, size, number = record[:wide], record[wide : wide + long], record[wide + long :]
            where = Field(int.from_bytes(place, "little"), int.from_bytes(size, "little"))
            yield int.from_bytes(number, "little"), where


class _Block(NamedTuple):
    offset: int  # in the heap
    start: int  # in the file
    size: int


class _Blocks:
    """The blocks of a heap: rows of a table, each twice as large as the one before."""

    def __init__(self, reader: ByteReader, address: Address, place: int, sums: Sums) -> None:
        self._reader, self._address, self._sums = reader, address, sums
        if reader.take_at(place, 5) != b"FRHP\x00":
            raise FormatError(f"no fractal heap at {place}")
        self.id_bytes, filters = self._number(2), self._number(2)
        if filters:
            raise UnreadFormError("a fractal heap that is packed")
        reader.skip(1)
        longest = self._number(4)
        address.length()
        self.huge_index = address.read()
        address.length()
        address.read()
        for _ in range(8):
            address.length()
        self._columns, self._first = self._number(2), address.length()
        self._largest, bits = address.length(), self._number(2)
        reader.skip(2)
        root, rows = address.read(), self._number(2)
        sums.check(place, reader.position - place)
        is_sized = 0 < bits <= 64 and 0 < self._first <= self._largest  # noqa: PLR2004
        if not (is_sized and self._columns and self.id_bytes > 1):
            raise FormatError("a fractal heap of no size")
        self._looked = 0
        self._offset_bytes = -(-bits // 8)
        of_block = -(-(self._largest.bit_length() - 1) // 8)
        self._length_bytes = min(of_block, (max(1, longest).bit_length() - 1) // 8 + 1)
        self._blocks = [] if root is None else sorted(self._below(root, rows))

    def place(self, name: bytes) -> Field:
        wide = self._offset_bytes
        offset = int.from_bytes(name[:wide], "little")
        size = int.from_bytes(name[wide : wide + self._length_bytes], "little")
        low, high = 0, len(self._blocks)
        while low < high:
            middle = (low + high) // 2
            low, high = (
                (low, middle) if self._blocks[middle].offset > offset else (middle + 1, high)
            )
        block = self._blocks[low - 1] if low else _Block(0, 0, 0)
        if offset + size > block.offset + block.size:
            raise FormatError("an object outside of its heap")
        return Field(block.start + offset - block.offset, size)

    def _below(self, root: int, rows: int) -> list[_Block]:
        if not rows:
            return [self._direct(root, 0, self._first)]
        found, pending, seen = [], [(root, 0, rows)], {root}
        while pending:
            place, offset, rows = pending.pop()
            for child, where, size, is_direct in self._children(place, offset, rows):
                if child in seen or len(seen) > _MAX_BLOCKS:
                    raise FormatError("a fractal heap that goes in circles")
                seen.add(child)
                if is_direct:
                    found.append(self._direct(child, where, size))
                else:
                    columns = self._first * self._columns
                    pending.append((child, where, (size // columns).bit_length()))
        return found

    def _children(self, place: int, offset: int, rows: int) -> list[tuple[int, int, int, bool]]:
        self._head(place, b"FHIB", offset)
        found = []
        for row in range(rows):
            self._looked += self._columns
            if self._looked > _MAX_PLACES or row > 64:  # noqa: PLR2004 no heap has more
                raise FormatError("a fractal heap of too many rows")
            size = self._first << max(0, row - 1)
            for _ in range(self._columns):
                child = self._address.read()
                if child is not None:
                    found.append((child, offset, size, size <= self._largest))
                offset += size
        self._sums.check(place, self._reader.position - place)
        return found

    def _direct(self, place: int, offset: int, size: int) -> _Block:
        self._head(place, b"FHDB", offset)
        if place + size > self._reader.size:
            raise FormatError("a block of a heap past the end")
        return _Block(offset, place, size)

    def _head(self, place: int, mark: bytes, offset: int) -> None:
        if self._reader.take_at(place, 5) != mark + b"\x00":
            raise FormatError(f"no block of a fractal heap at {place}")
        self._address.read()
        if self._number(self._offset_bytes) != offset:
            raise FormatError("a block of a heap that is elsewhere")

    def _number(self, width: int) -> int:
        return int.from_bytes(self._reader.take(width), "little")


def _records(
    reader: ByteReader, address: Address, place: int, sums: Sums
) -> tuple[int, Iterator[bytes]]:
    """Kind and records of an index."""
    if reader.take_at(place, 5) != b"BTHD\x00":
        raise FormatError(f"no index at {place}")
    kind = reader.take(1)[0]
    node, width, depth = (int.from_bytes(reader.take(size), "little") for size in (4, 2, 2))
    reader.skip(2)
    root, count = address.read(), int.from_bytes(reader.take(2), "little")
    sums.check(place, reader.position + address.length_bytes - place)
    if not width or node < _NODE_HEAD + width or width < _shortest(kind, address):
        raise FormatError("an index without records")
    if root is None:
        return kind, iter(())
    return kind, _walk(reader, address, (root, count, depth), (node, width), sums)


def _shortest(kind: int, address: Address) -> int:
    if kind in _ID_AT:
        return _ID_AT[kind] + (9 if kind in _SHARED_AT else 7)
    return address.offset_bytes + address.length_bytes + 1


def _walk(
    reader: ByteReader,
    address: Address,
    root: tuple[int, int, int],
    sizes: tuple[int, int],
    sums: Sums,
) -> Iterator[bytes]:
    node, width = sizes
    most = (node - _NODE_HEAD) // width
    count_bytes, totals = _width_of(most), _totals(node, width, root[2], address.offset_bytes)
    level, seen, told = [root], {root[0]}, 0
    while level:
        below = []
        for place, count, depth in sorted(level):  # in the order of the file: it is read forward
            told += count
            if told > _MAX_RECORDS or count > most:
                raise FormatError("an index of too many records")
            mark = b"BTIN\x00" if depth else b"BTLF\x00"
            if reader.take_at(place, 5) != mark:
                raise FormatError(f"no node of an index at {place}")
            reader.skip(1)
            records = reader.take(count * width)
            for _ in range(count + 1 if depth else 0):
                child, number = address.read(), int.from_bytes(reader.take(count_bytes), "little")
                reader.skip(totals[depth - 1])
                if child is None or child in seen:
                    raise FormatError("an index that goes in circles")
                seen.add(child)
                below.append((child, number, depth - 1))
            sums.check(place, reader.position - place)
            yield from (records[at : at + width] for at in range(0, len(records), width))
        level = below


def _totals(node: int, width: int, depth: int, address_bytes: int) -> list[int]:
    """Bytes of the number of all records below a child, by its depth; leaves tell none."""
    if depth > 16:  # noqa: PLR2004 more records than any file has
        raise FormatError("an index that is too deep")
    most = (node - _NODE_HEAD) // width
    count_bytes, below, found = _width_of(most), most, [0]
    for _ in range(depth):
        pointer = address_bytes + count_bytes + found[-1]
        here = max(0, node - _NODE_HEAD - pointer) // (width + pointer)
        below = (here + 1) * below + here
        found.append(_width_of(below))
    return found


def _width_of(limit: int) -> int:
    return (max(1, limit).bit_length() - 1) // 8 + 1
