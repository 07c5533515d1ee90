"""Groups of HDF5's older form: a tree of nodes with symbols, names in a heap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappop, heappush

from scanning.scanners._tensors.hdf5_parts import Address, Field
from scanning.scanners._tensors.kept_stream import KEPT_BYTES
from scanning.scanners._tensors.reading import ByteReader, FormatError

_MAX_OBJECTS = 200_000
_MAX_NODES = 100_000
_SOFT = 2
_NEAR = KEPT_BYTES // 2  # so far back the file is still at hand


@dataclass(frozen=True, slots=True)
class Outside:
    """Something that is read from another file: what it is, and the name of the file if told."""

    kind: str
    name: str = ""


class Tables:
    """Objects that were met and are still to be read; each once."""

    def __init__(self, reader: ByteReader) -> None:
        self._reader = reader
        self._ahead: list[int] = []
        self._behind: list[int] = []
        self._place = 0
        self._known: set[int] = set()
        self._nodes = 0
        self.address = Address(reader)

    def _push(self, place: int | None) -> None:
        if place is None or place in self._known:
            return
        self._known.add(place)
        if len(self._known) > _MAX_OBJECTS:
            raise FormatError(f"more than {_MAX_OBJECTS} objects")
        heappush(self._ahead if place >= self._place - _NEAR else self._behind, place)

    def _objects(self) -> Iterator[int]:
        """Objects in the order of the file, as far as they are known by then."""
        while self._ahead or self._behind:
            if not self._ahead:
                self._ahead, self._behind, self._place = self._behind, [], 0
            place = heappop(self._ahead)
            self._place = max(self._place, place)
            yield place

    def _table(self, tree: int | None, heap: int | None) -> Iterator[Outside]:
        """Symbols of an older group: a tree of nodes, names in a heap of their own."""
        if tree is None or heap is None:
            raise FormatError("a group without a table")
        names = self._heap(heap)
        level, seen = [tree], set[int]()
        while level:
            below: list[int] = []
            for place in sorted(level):  # in the order of the file
                self._nodes += 1
                if place in seen or self._nodes > _MAX_NODES:
                    raise FormatError("a table that goes in circles")
                seen.add(place)
                mark = self._reader.take_at(place, 4)
                if mark == b"TREE":
                    below += self._tree()
                elif mark == b"SNOD":
                    yield from self._symbols(names)
                else:
                    raise FormatError(f"no node of a table at {place}")
            level = below

    def _tree(self) -> list[int]:
        kind, _, low, high = self._reader.take(4)
        if kind != 0:
            raise FormatError("a table of another kind")
        self.address.read()
        self.address.read()
        children = []
        for _ in range(low | high << 8):
            self.address.length()
            child = self.address.read()
            if child is None:
                raise FormatError("a table with a hole")
            children.append(child)
        return children

    def _heap(self, place: int) -> Field:
        if self._reader.take_at(place, 4) != b"HEAP":
            raise FormatError(f"no heap of names at {place}")
        self._reader.skip(4)
        size = self.address.length()
        self.address.length()
        data = self.address.read()
        if data is None:
            raise FormatError("a heap without data")
        return Field(data, size)

    def _symbols(self, names: Field) -> Iterator[Outside]:
        _, _, low, high = self._reader.take(4)
        for _ in range(low | high << 8):
            self.address.read()
            place = self.address.read()
            kind = int.from_bytes(self._reader.take(4), "little")
            self._reader.skip(4)
            scratch = self._reader.take(16)
            if kind == _SOFT:
                here = self._reader.position
                offset = int.from_bytes(scratch[:4], "little")
                yield Outside("soft link", self._name(names, offset))
                self._reader.move(here)
            else:
                self._push(place)

    def _name(self, names: Field, offset: int) -> str:
        if offset >= names.size:
            raise FormatError("a name outside of its heap")
        raw = self._reader.take_at(names.start + offset, min(names.size - offset, 1024))
        return raw.split(b"\x00")[0].decode("utf-8", "backslashreplace")
