"""Whether bytes are one struct of Thrift's compact protocol, as the end of a Parquet file is."""

from __future__ import annotations

_MAX_VALUES = 500_000
_MAX_DEPTH = 32
_BOOLS, _INTS, _BINARY, _LISTS, _STRUCT = {1, 2}, {4, 5, 6}, 8, {9, 10}, 12
_SIZES = {3: 1, 7: 8}  # a byte, a double
_LONG_LIST = 15


class ThriftFaultError(ValueError):
    """Bytes that are no such struct."""


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.left = _MAX_VALUES

    def byte(self) -> int:
        if self.at >= len(self.data):
            raise ThriftFaultError("cut short")
        self.at += 1
        return self.data[self.at - 1]

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:  # noqa: PLR2004 the bit that says that more follows
                return value
            shift += 7
            if shift > 63:  # noqa: PLR2004 no number is longer
                raise ThriftFaultError("a number that is too long")

    def struct(self, depth: int) -> None:
        if depth > _MAX_DEPTH:
            raise ThriftFaultError("nested too deeply")
        while head := self.byte():
            if not head >> 4:
                self.varint()
            self.value(head & 15, depth, is_field=True)

    def value(self, kind: int, depth: int, *, is_field: bool = False) -> None:
        self.left -= 1
        if kind in _SIZES:
            self.at += _SIZES[kind]
        elif kind in _BOOLS:
            self.at += not is_field  # a field's head says it
        elif kind in _INTS:
            self.varint()
        elif kind == _BINARY:
            size = self.varint()
            self.at += size
        else:
            self.nested(kind, depth)

    def nested(self, kind: int, depth: int) -> None:
        if kind in _LISTS:
            self.many(self.byte(), depth)
        elif kind == _STRUCT:
            self.struct(depth + 1)
        else:  # Parquet has no maps
            raise ThriftFaultError(f"a value of kind {kind}")

    def many(self, head: int, depth: int) -> None:
        count = head >> 4
        if count == _LONG_LIST:
            count = self.varint()
        for _ in range(self.bounded(count)):
            if self.left > 0:
                self.value(head & 15, depth + 1)

    def bounded(self, count: int) -> int:
        if count > len(self.data) - self.at:
            raise ThriftFaultError(f"{count} values")
        return count


def is_struct(data: bytes) -> bool:
    """Whether the bytes are one struct to their last; of a large one the beginning decides."""
    reader = _Reader(data)
    try:
        reader.struct(0)
    except (ThriftFaultError, RecursionError):
        return False
    return reader.left <= 0 or reader.at == len(data) > 1
