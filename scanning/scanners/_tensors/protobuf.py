"""Walk protobuf messages by a table of their fields, within bounds; contents are passed over.

Encoding: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple, TypeAlias

from scanning.scanners._tensors.reading import BoundsError, ByteReader, FormatError

MAX_TEXT = 1 << 20
_MAX_DEPTH = 100
_MAX_FIELDS = 20_000_000
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_GROUPS = (3, 4)  # of old; what is between their marks reads like fields of the message
_FIXED = {_FIXED64: 8, _FIXED32: 4}
_LONGEST_VARINT = 10
_LONGEST_PACKED = 64 * 1024
_MAX_NUMBER = (1 << 29) - 1


class Leaf(Enum):
    """What a field is when it is no message."""

    NUMBER = "number"  # kept
    FIXED = "fixed"  # passed over; may also be packed
    NUMBERS = "numbers"  # passed over; may also be packed
    SIZES = "sizes"  # kept, packed or not
    TEXT = "text"  # kept up to `MAX_TEXT`
    BYTES = "bytes"  # passed over; where it lies is kept


N, F, NS, S = Leaf.NUMBER, Leaf.FIXED, Leaf.NUMBERS, Leaf.SIZES
T, B = Leaf.TEXT, Leaf.BYTES
# Stands in a table for all other numbers: fields that are passed over whatever they are.
ANY = 0
Schema: TypeAlias = Mapping[str, Mapping[int, "Leaf | str"]]


class Span(NamedTuple):
    """Where the content of a field lies."""

    start: int
    size: int


Content: TypeAlias = "int | bytes | Span"


class TooMuchError(FormatError):
    """More than is examined; nothing wrong was seen so far."""


@dataclass(slots=True)
class Message:
    """The kept fields of a message; `unknown` are numbers that its table does not have."""

    name: str
    span: Span
    depth: int
    fields: dict[int, list[Content]] = field(default_factory=dict)
    unknown: set[int] = field(default_factory=set)

    def text(self, number: int) -> str:
        """The last text of the field, as readers take it; '' without one."""
        found = self.texts(number)
        return found[-1] if found else ""

    def texts(self, number: int) -> list[str]:
        values = self.fields.get(number, ())
        return [one.decode("utf-8", "replace") for one in values if type(one) is bytes]

    def number(self, number: int, default: int = 0) -> int:
        found = self.numbers(number)
        return found[-1] if found else default

    def numbers(self, number: int) -> list[int]:
        return [one for one in self.fields.get(number, ()) if isinstance(one, int)]

    def spans(self, number: int) -> list[Span]:
        return [one for one in self.fields.get(number, ()) if isinstance(one, Span)]


Visit: TypeAlias = Callable[[Message], None]


class RawField(NamedTuple):
    number: int
    wire: int
    value: int  # of a varint; else the size of the content that follows


def raw_fields(reader: ByteReader, end: int) -> Iterator[RawField]:
    """Fields up to `end`; the reader stands at each content, which must be passed by the caller."""
    while reader.position < end:
        key = varint(reader)
        number, wire = key >> 3, key & 7
        if not 0 < number <= _MAX_NUMBER:
            raise FormatError(f"field {number} at {reader.position}")
        if wire == _VARINT:
            yield RawField(number, wire, varint(reader))
        elif wire in _FIXED:
            yield _bounded(reader, end, RawField(number, wire, _FIXED[wire]))
        elif wire == _BYTES:
            yield _bounded(reader, end, RawField(number, wire, varint(reader)))
        elif wire in _GROUPS:
            yield RawField(number, wire, 0)
        else:
            raise FormatError(f"wire type {wire} at {reader.position}")


def _bounded(reader: ByteReader, end: int, found: RawField) -> RawField:
    if found.value > end - reader.position:
        raise BoundsError(f"field {found.number} at {reader.position} of {found.value} bytes")
    return found


def varint(reader: ByteReader) -> int:
    result = 0
    for index in range(_LONGEST_VARINT):
        byte = reader.take(1)[0]
        result |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:  # noqa: PLR2004 the bit that says more follows
            return result & 0xFFFF_FFFF_FFFF_FFFF
    raise FormatError(f"a number of more than {_LONGEST_VARINT} bytes at {reader.position}")


@dataclass(slots=True)
class Walker:
    """Reads messages by a schema and shows each one, inner ones first, to `visit`."""

    reader: ByteReader
    schema: Schema
    visit: Visit
    fields_read: int = 0

    def walk(self, name: str, span: Span, depth: int = 0) -> Message:
        if depth > _MAX_DEPTH:
            raise TooMuchError(f"messages nested deeper than {_MAX_DEPTH}")
        message = Message(name, span, depth)
        table = self.schema[name]
        self.reader.move(span.start)
        end = span.start + span.size
        for found in raw_fields(self.reader, end):
            self._count()
            self._take(message, table.get(found.number), found, known=ANY in table)
        if self.reader.position != end:
            raise BoundsError(f"{name} ends inside of a field, at {end}")
        self.visit(message)
        return message

    def _count(self) -> None:
        self.fields_read += 1
        if self.fields_read > _MAX_FIELDS:
            raise TooMuchError(f"more than {_MAX_FIELDS} fields")

    def _take(
        self, message: Message, kind: Leaf | str | None, found: RawField, *, known: bool
    ) -> None:
        start = self.reader.position
        if kind is None:
            if not known:
                message.unknown.add(found.number)
        elif not fits(kind, found.wire):
            message.unknown.add(found.number)  # as readers take it
        elif isinstance(kind, str):
            self._take_message(message, kind, found)
            return
        else:
            kept = message.fields.setdefault(found.number, [])
            kept += self._contents(kind, found)
        if found.wire != _VARINT:
            self.reader.move(start + found.value)

    def _take_message(self, message: Message, kind: str, found: RawField) -> None:
        span = Span(self.reader.position, found.value)
        message.fields.setdefault(found.number, []).append(span)
        self.walk(kind, span, message.depth + 1)
        self.reader.move(span.start + span.size)

    def _contents(self, kind: Leaf, found: RawField) -> list[Content]:
        if kind is Leaf.NUMBER or (kind is Leaf.SIZES and found.wire == _VARINT):
            return [found.value]
        if kind is Leaf.SIZES:
            return self._packed(found.value)
        if kind is Leaf.BYTES:
            return [Span(self.reader.position, found.value)]
        if kind is Leaf.TEXT:
            if found.value > MAX_TEXT:
                raise TooMuchError(f"a text of {found.value} bytes")
            return [self.reader.take(found.value)]
        return []

    def _packed(self, size: int) -> list[Content]:
        if size > _LONGEST_PACKED:
            raise TooMuchError(f"{size} bytes of sizes")
        end, numbers = self.reader.position + size, list[Content]()
        while self.reader.position < end:
            numbers.append(varint(self.reader))
        return numbers


def fits(kind: Leaf | str, wire: int) -> bool:
    """Whether a field of this kind may be written so; repeated numbers may be packed."""
    if kind is Leaf.NUMBER:
        return wire == _VARINT
    if kind in {Leaf.NUMBERS, Leaf.SIZES}:
        return wire in {_VARINT, _BYTES}
    if kind is Leaf.FIXED:
        return wire in {_FIXED32, _FIXED64, _BYTES}
    return wire == _BYTES


class _Look(NamedTuple):
    reader: ByteReader
    end: int
    depth: int


def looks_like(schema: Schema, name: str, reader: ByteReader, end: int, depth: int = 1) -> bool:
    """Whether a beginning (up to `end`, which may cut a field) can be this message.

    Only fields of the table count, with the wire types they have; messages are looked into
    `depth` levels deep. Nothing at all is no likeness.
    """
    table, seen = schema[name], False
    try:
        while reader.position < end:
            key = varint(reader)
            kind = table.get(key >> 3, table.get(ANY))
            if kind is Leaf.BYTES and (key & 7) != _BYTES and key >> 3 not in table:
                kind = Leaf.NUMBER if (key & 7) == _VARINT else Leaf.FIXED
            if kind is None or not fits(kind, key & 7):
                return False
            seen = True
            if not _looks_inside(schema, kind, key & 7, _Look(reader, end, depth)):
                return False
    except BoundsError:
        return seen
    except FormatError:
        return False
    return seen


def _looks_inside(schema: Schema, kind: Leaf | str, wire: int, look: _Look) -> bool:
    reader = look.reader
    size = varint(reader) if wire in {_VARINT, _BYTES} else _FIXED[wire]
    if wire == _VARINT:
        return True
    inner = reader.position + size
    if (
        isinstance(kind, str)
        and look.depth
        and size
        and not looks_like(schema, kind, reader, min(inner, look.end), look.depth - 1)
        and reader.position < look.end  # else nothing of it is there
    ):
        return False
    if inner >= look.end:
        raise BoundsError("cut")
    reader.move(inner)
    return True
