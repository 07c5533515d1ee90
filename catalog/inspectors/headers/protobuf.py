"""The wire format of protocol buffers, read without a schema and without what is not wanted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from catalog.inspectors.headers.ranges import Cursor
from core.errors import InvalidInputError

VARINT: Final = 0
LENGTH: Final = 2
_FIXED: Final = {1: 8, 5: 4}
_LONGEST_VARINT: Final = 10
_MORE, _BITS, _SHIFT = 0x80, 0x7F, 7
_WORD: Final = (1 << 64) - 1
MOST_FIELDS: Final = 2_000_000
LONGEST_TEXT: Final = 4096


class Wire:
    """Walks over the fields of messages; all of them together are bounded.

    Format: https://protobuf.dev/programming-guides/encoding/
    """

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self._left = MOST_FIELDS

    def fields(self, end: int) -> Iterator[tuple[int, int, int]]:
        """Give number, wire type and value of each field up to the place `end`.

        The value of a field with a length is that length: its bytes are next, and what the caller
        leaves of them is passed over.
        """
        cursor = self.cursor
        while cursor.at < end:
            self._left -= 1
            tag = self.varint()
            number, wire = tag >> 3, tag & 7
            if wire in _FIXED:
                cursor.skip(_FIXED[wire])
                continue
            if wire not in {VARINT, LENGTH} or not number or self._left < 0:
                raise InvalidInputError(f"it has no usable field at byte {cursor.at}")
            value = self.varint()
            stop = cursor.at + (value if wire == LENGTH else 0)
            if stop > end:
                raise InvalidInputError(f"a field claims {value} bytes at byte {cursor.at}")
            yield number, wire, value
            cursor.at = stop
        if cursor.at > end:
            raise InvalidInputError(f"a message ends early at byte {end}")

    def message(self, length: int) -> Iterator[tuple[int, int, int]]:
        """Give the fields of the message that is next."""
        return self.fields(self.cursor.at + length)

    def varint(self) -> int:
        """Read a whole number of 64 bits, as an unsigned one."""
        cursor = self.cursor
        cursor.need(min(_LONGEST_VARINT, cursor.size - cursor.at) or 1)
        window, at = cursor.window()
        value = shift = 0
        for byte in window[at : at + _LONGEST_VARINT]:
            value |= (byte & _BITS) << shift
            shift += _SHIFT
            if not byte & _MORE:
                cursor.at += shift // _SHIFT
                return value & _WORD
        raise InvalidInputError(f"it has an endless number at byte {cursor.at}")

    def text(self, length: int, limit: int = LONGEST_TEXT) -> str:
        """Read a text; of a longer one than `limit` bytes its beginning."""
        return self.cursor.take(min(length, limit)).decode("utf-8", "replace")

    def numbers(self, wire: int, value: int) -> list[int]:
        """Return the numbers of a repeated field, whether they came packed or one by one."""
        if wire == VARINT:
            return [value]
        end, found = self.cursor.at + value, []
        while self.cursor.at < end:
            self._left -= 1
            found.append(self.varint())
            if self._left < 0:
                raise InvalidInputError("it has too many numbers")
        return found
