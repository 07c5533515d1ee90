"""The index of a TensorFlow checkpoint: a sorted table of names, types, shapes and places.

Table: https://github.com/google/leveldb/blob/main/doc/table_format.md; messages:
https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/tensor_bundle.proto
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from scanning.scanners._tensors.protobuf import Message, N, S, Schema, Span, Walker, varint
from scanning.scanners._tensors.reading import ByteReader, FormatError
from scanning.scanners._tensors.weight_form import UnreadError, WeightForm, bounded

_FOOTER: Final = 48
_MAGIC: Final = struct.pack("<Q", 0xDB4775248B80FB57)
_BLOCK_END: Final = 5  # how it is packed, and a checksum
_NUMBER: Final = struct.Struct("<I")
_MOST_ENTRIES = 2_000_000
_FIRST = b"\x00\x00"  # the header's key is empty, and shares nothing with one before
_VERSION = b"\x1a\x02\x08\x01"
_LONGEST_HEADER = 32
_SHAPE, _SHARD, _OFFSET, _SIZE = 2, 3, 4, 5
_SLICES = 7
_SCHEMA: Schema = {
    "header": {1: N, 2: N, 3: "version"},
    "version": {1: N, 2: N, 3: S},
    "entry": {1: N, 2: "shape", 3: N, 4: N, 5: N, 6: S, 7: "slice"},
    "shape": {2: "dimension", 3: N},
    "dimension": {1: N},
    "slice": {1: "extent"},
    "extent": {1: N, 2: N},
}
# Bytes of a number, by its DataType; texts, variants and resources have no one size.
_TYPES = {
    1: "4 6 10 11 12 24 25",
    2: "5 14 15 16 17 19",
    4: "1 3 13 22",
    8: "2 8 9 23",
    16: "18",
}
_WIDTHS: Final = {int(kind): width for width, kinds in _TYPES.items() for kind in kinds.split()}


class Entry(NamedTuple):
    """A key's length, and where its value lies."""

    key_size: int
    value: Span


class TensorBundle(WeightForm):
    """Blocks from the first byte to the footer, whose values name places in other files."""

    name = "TensorFlow's index of tensors"

    def begins(self, head: bytes) -> bool:
        longest = head[3 : 3 + _LONGEST_HEADER]
        return head.startswith(_FIRST) and head[3:4] == b"\x08" and _VERSION in longest

    def walk(self, reader: ByteReader) -> None:
        reader.move(max(0, reader.size - _FOOTER))
        others, index = _handle(reader), _handle(reader)
        if reader.take_at(reader.size - len(_MAGIC), len(_MAGIC)) != _MAGIC:
            raise FormatError("no mark of a table at the end")
        blocks = [_handle_at(reader, entry) for entry in _entries(reader, index)]
        _in_order([*blocks, others, index], reader.size - _FOOTER)
        told = sum(_look(reader, block, is_first=at == 0) for at, block in enumerate(blocks))
        bounded(told, _MOST_ENTRIES)
        reader.move(reader.size)


def _handle(reader: ByteReader) -> Span:
    return Span(varint(reader), varint(reader))


def _handle_at(reader: ByteReader, entry: Entry) -> Span:
    reader.move(entry.value.start)
    return _handle(reader)


def _in_order(blocks: list[Span], end: int) -> None:
    """Nothing may lie between the blocks, which readers would not see."""
    position = 0
    for block in blocks:
        if block.start != position:
            raise FormatError(f"a block at {block.start}, where {position} is next")
        position = block.start + block.size + _BLOCK_END
    if position != end:
        raise FormatError(f"the last block ends at {position}, the table at {end}")


def _entries(reader: ByteReader, block: Span) -> Iterator[Entry]:
    end = block.start + block.size
    packed = reader.take_at(end, 1)
    if packed != b"\0":
        raise UnreadError("blocks that are packed")
    (restarts,) = _NUMBER.unpack(reader.take_at(end - _NUMBER.size, _NUMBER.size))
    last, position = end - _NUMBER.size * (restarts + 1), block.start
    if last < position:
        raise FormatError(f"{restarts} restarts in a block of {block.size} bytes")
    while position < last:
        reader.move(position)
        shared, added, size = varint(reader), varint(reader), varint(reader)
        reader.skip(added)
        entry = Entry(shared + added, Span(reader.position, size))
        position = entry.value.start + size
        if position > last:
            raise FormatError(f"an entry ends at {position}, its block at {last}")
        yield entry


def _look(reader: ByteReader, block: Span, *, is_first: bool) -> int:
    """Hold each tensor's size against its type and shape; gives the number of entries."""
    shapes: list[int] = []
    walker = Walker(reader, _SCHEMA, lambda message: _note(message, shapes))
    count = 0
    for entry in _entries(reader, block):
        count += 1
        if is_first and count == 1:
            walker.walk("header", entry.value)
            continue
        if not entry.key_size:
            raise FormatError(f"a second header at {entry.value.start}")
        shapes.clear()
        _compare(walker.walk("entry", entry.value), math.prod(shapes))
    return count


def _note(message: Message, shapes: list[int]) -> None:
    if message.name == "dimension":
        shapes.append(message.number(1))


def _compare(entry: Message, numbers: int) -> None:
    width = _WIDTHS.get(entry.number(1))
    size = entry.number(_SIZE)
    if entry.number(_OFFSET) + size >= 1 << 63 or entry.number(_SHARD) >= 1 << 31:
        raise FormatError(f"a tensor at {entry.number(_OFFSET)} of {size} bytes")
    if width and not entry.spans(_SLICES) and size != width * numbers:
        raise FormatError(f"{numbers} numbers of {width} bytes in {size} bytes")
