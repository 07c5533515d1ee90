"""Read the structure of an HDF5 file: groups, links, attributes, where datasets keep their bytes.

Format: https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html (superblocks 0 to 3,
symbol tables, compact links, and those in fractal heaps).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from scanning.scanners._sniff import HDF5
from scanning.scanners._tensors.hdf5_dense import DenseObjects, UnreadFormError
from scanning.scanners._tensors.hdf5_groups import Outside, Tables
from scanning.scanners._tensors.hdf5_parts import (
    Field,
    datatype_texts,
    link_target,
    space_size,
    storage_class,
)
from scanning.scanners._tensors.hdf5_sums import Sums
from scanning.scanners._tensors.kept_stream import KeptStream
from scanning.scanners._tensors.reading import ByteReader, FormatError

_MAX_MESSAGES = 100_000
_PIECE = 4096
_LONGEST = 64 * 1024 * 1024
_LONGEST_LINK = 1 << 20
_SHORTEST_TYPE = 8
_LARGE = 4 << 30
_RATIO = 1000


class _Type(IntEnum):
    SPACE = 0x01
    DATATYPE = 0x03
    LINK_INFO = 0x02
    LINK = 0x06
    EXTERNAL = 0x07
    LAYOUT = 0x08
    ATTRIBUTE = 0x0C
    CONTINUATION = 0x10
    TABLE = 0x11
    ATTRIBUTE_INFO = 0x15


@dataclass(frozen=True, slots=True)
class Attribute:
    name: str
    text: bytes


@dataclass(frozen=True, slots=True)
class Oversize:
    """A dataset that claims far more bytes than the file could hold."""

    size: int


Found: TypeAlias = Attribute | Outside | Oversize


class Hdf5(Tables):
    """One walk over all objects that can be reached from the root."""

    def __init__(self, stream: KeptStream, front: int = 0) -> None:
        """A stream that begins with HDF5's mark; `front`: bytes that lie before it in the file."""
        super().__init__(ByteReader(stream, _PIECE))
        self.sums = Sums(self._reader)
        self._front = front
        self.excess = ""  # that the file goes on behind its end, which no reader minds
        self._numbers = self._width = 0
        self.gaps: list[str] = []

    def walk(self) -> Iterator[Found]:
        """Attributes with text, and what lies in other files; FormatError when it cannot go on."""
        self._push(self._superblock())
        for place in self._objects():
            self._numbers, self._width = 0, 0
            for kind, body in self._messages(place):
                yield from self._message(kind, body)
            if self._numbers * self._width > max(_LARGE, _RATIO * self._reader.size):
                yield Oversize(self._numbers * self._width)

    def _superblock(self) -> int | None:
        reader = self._reader
        if reader.take(len(HDF5)) != HDF5:
            raise FormatError("it does not begin with HDF5's mark")
        version = reader.take(1)[0]
        if version <= 1:
            reader.move(13)
            self.address.set_widths(*reader.take(2))
            reader.move(24 + (4 if version else 0))
            places = [self.address.read() for _ in range(4)]
            self._check_end(places[0], places[2])
            self.address.length()
            return self.address.read()
        if version in {2, 3}:
            self.address.set_widths(*reader.take(2))
            reader.skip(1)
            places = [self.address.read() for _ in range(4)]
            self.sums.check(0, reader.position)
            self._check_end(places[0], places[2])
            return places[3]
        raise FormatError(f"superblock of version {version}")

    def _check_end(self, base: int | None, end: int | None) -> None:
        if base not in {0, self._front}:
            raise FormatError(f"a file that begins at {base}")
        if end is None or end - base > self._reader.size:
            raise FormatError(f"it says that it ends at {end}, not at {self._reader.size}")
        if end - base < self._reader.size:
            self.excess = f"it says that it ends at {end}, not at {self._reader.size}"

    def _messages(self, place: int) -> Iterator[tuple[int, Field]]:
        """Messages of an object's header and of the blocks that continue it."""
        self._reader.move(place)
        if self._reader.take(4) == b"OHDR":
            blocks, wide = [self._second_header(place)], True
        else:
            blocks, wide = [self._first_header(place)], False
        seen, count = {place}, 0
        while blocks:
            start, size, tracked = blocks.pop()
            for kind, body in self._block(start, size, wide=wide, tracked=tracked):
                count += 1
                if count > _MAX_MESSAGES:
                    raise FormatError(f"more than {_MAX_MESSAGES} messages")
                if kind != _Type.CONTINUATION:
                    yield kind, body
                    continue
                self._reader.move(body.start)
                where, length = self.address.read(), self.address.length()
                if where is None or where in seen:
                    raise FormatError("a header that continues in itself")
                seen.add(where)
                skip = 4 if wide else 0
                if wide:
                    self.sums.check(where, length - skip)
                blocks.append((where + skip, length - skip - skip, tracked))

    def _first_header(self, place: int) -> tuple[int, int, bool]:
        self._reader.move(place)
        if self._reader.take(1) != b"\x01":
            raise FormatError(f"no object at {place}")
        self._reader.move(place + 8)
        return place + 16, int.from_bytes(self._reader.take(4), "little"), False

    def _second_header(self, place: int) -> tuple[int, int, bool]:
        reader = self._reader
        if reader.take(1) != b"\x02":
            raise FormatError("an object header of an unknown version")
        flags = reader.take(1)[0]
        reader.skip(16 if flags & 0x20 else 0)
        reader.skip(4 if flags & 0x10 else 0)
        size = int.from_bytes(reader.take(1 << (flags & 3)), "little")
        self.sums.check(place, reader.position - place + size)
        return reader.position, size, bool(flags & 4)

    def _block(
        self, start: int, size: int, *, wide: bool, tracked: bool
    ) -> Iterator[tuple[int, Field]]:
        """Messages of one block; the newer form may end in fewer bytes than a message has."""
        head = 4 + (2 if tracked else 0) if wide else 8
        position, end = start, start + size
        while position + head <= end:
            raw = self._reader.take_at(position, head)
            kind = raw[0] if wide else int.from_bytes(raw[:2], "little")
            length = int.from_bytes(raw[1:3] if wide else raw[2:4], "little")
            flags = raw[3] if wide else raw[4]
            position += head
            if position + length > end:
                raise FormatError(f"a message at {position} is longer than its block")
            if flags & 2 and kind in _INTERESTING:
                self.gaps.append("a message that is shared")
            else:
                yield kind, Field(position, length)
            position += length

    def _message(self, kind: int, body: Field) -> Iterator[Found]:
        self._reader.move(body.start)
        if kind == _Type.ATTRIBUTE:
            yield from self._attribute(body)
        elif kind == _Type.LAYOUT:
            yield from self._layout(body)
        elif kind == _Type.EXTERNAL:
            yield Outside("external storage")
        elif kind == _Type.TABLE:
            tree, heap = self.address.read(), self.address.read()
            yield from self._table(tree, heap)
        elif kind == _Type.LINK:
            yield from self._link(body)
        elif kind in {_Type.LINK_INFO, _Type.ATTRIBUTE_INFO}:
            yield from self._dense(kind)
        else:
            self._other(kind, body)

    def _other(self, kind: int, body: Field) -> None:
        if kind == _Type.SPACE:
            self._numbers = space_size(self._reader.take(body.size), self.address.length_bytes)
        elif kind == _Type.DATATYPE:
            self._width = int.from_bytes(self._reader.take(8)[4:], "little")

    def _dense(self, kind: int) -> Iterator[Found]:
        """Many links or attributes of newer writers lie in a heap; one index or two list them."""
        flags = self._reader.take(2)[1]
        skipped = (8 if kind == _Type.LINK_INFO else 2) if flags & 1 else 0
        self._reader.skip(skipped)
        heap = self.address.read()
        indexes = {self.address.read() for _ in range(2 if flags & 2 else 1)} - {None}
        if heap is None:
            return
        if not indexes:
            raise FormatError("a heap without an index")
        try:
            objects = DenseObjects(self._reader, self.address, heap, self.sums)
            fields = {field for index in indexes if index for field in objects.fields(index)}
        except UnreadFormError as error:
            self.gaps.append(str(error))
            return
        for field in sorted(fields):
            self._reader.move(field.start)
            found = self._link(field) if kind == _Type.LINK_INFO else self._attribute(field)
            yield from found

    def _attribute(self, body: Field) -> Iterator[Attribute]:
        head = self._reader.take(8)
        version = head[0]
        sizes = [int.from_bytes(head[at : at + 2], "little") for at in (2, 4, 6)]
        if version not in {1, 2, 3}:
            raise FormatError(f"an attribute of version {version}")
        if version > 1 and head[1]:
            self.gaps.append("an attribute of a shared type")
            return
        if sizes[1] < _SHORTEST_TYPE:
            raise FormatError("an attribute without a type")
        self._reader.skip(1 if version == 3 else 0)  # noqa: PLR2004 the set of characters
        parts = [-(-size // 8) * 8 if version == 1 else size for size in sizes]
        name = self._reader.take(parts[0])[: sizes[0]].split(b"\x00")[0]
        kind = self._reader.take(parts[1])
        self._reader.skip(parts[2])
        end = body.start + body.size
        if self._reader.position > end:
            raise FormatError("an attribute is longer than its message")
        value = self._reader.take(min(end - self._reader.position, _LONGEST))
        for text in datatype_texts(kind, value, self.address, self.gaps):
            yield Attribute(name.decode("utf-8", "backslashreplace"), text)

    def _layout(self, body: Field) -> Iterator[Outside]:
        found = storage_class(self._reader.take(min(body.size, 32)))
        if found is None:
            self.gaps.append("a dataset whose layout is not known")
        elif found == "virtual":
            yield Outside("virtual dataset")

    def _link(self, body: Field) -> Iterator[Outside]:
        if body.size > _LONGEST_LINK:
            raise FormatError(f"a link of {body.size} bytes")
        raw = self._reader.take(body.size)
        kind, target = link_target(raw, self.address.offset_bytes)
        if kind == "hard":
            self._push(self.address.decode(target))
        else:
            yield Outside(f"{kind} link", target.decode("utf-8", "backslashreplace"))


_INTERESTING = frozenset(_Type)
