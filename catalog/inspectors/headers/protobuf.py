"""The wire format of protocol buffers, read without a schema and without what is not wanted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from catalog.inspectors.headers.ranges import Cursor
from core.errors import InvalidInputError

VARINT: Final = 0
LENGTH: Final = 2
_FIXED: Final = {1: 8, 5: 4}
MOST_FIELDS: Final = 1_000_000
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
            tag = cursor.varint()
            number, wire = tag >> 3, tag & 7
            if wire in _FIXED:
                cursor.skip(_FIXED[wire])
                continue
            if wire not in {VARINT, LENGTH} or not number or self._left < 0:
                raise InvalidInputError(f"it has no usable field at byte {cursor.at}")
            value = cursor.varint()
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

    def text(self, length: int, limit: int = LONGEST_TEXT) -> str:
        """Read a text; of a longer one than `limit` bytes its beginning."""
        return self.cursor.take(min(length, limit)).decode("utf-8", "replace")

    def numbers(self, wire: int, value: int, most: int) -> list[int]:
        """Return the numbers of a repeated field, whether they came packed or one by one."""
        if wire == VARINT:
            return [value]
        end = self.cursor.at + value
        found: list[int] = []
        while self.cursor.at < end and len(found) <= most:
            found.append(self.cursor.varint())
        return found
