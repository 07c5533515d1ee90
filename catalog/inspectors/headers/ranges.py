"""A file read by ranges that end where its header certainly still goes on, within a budget."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from catalog.inspectors.base import UNREADABLE, Problems, Reader, parse_json
from core.errors import InvalidInputError

LARGEST_STEP: Final = 4 << 20
# JSON unfolds: a value of two bytes becomes an object of seventy. These keep it below 100 MB.
LARGEST_TABLE: Final = 16 << 20
LARGEST_WIDE_TABLE: Final = 4 << 20
MOST_NODES: Final = 600_000
LONGEST_VARINT: Final = 10
_MORE, _WORD = 0x80, (1 << 64) - 1
T = TypeVar("T")


def exactly(reader: Reader, path: str, start: int, end: int) -> bytes:
    """Read the bytes [start, end), all of them."""
    part = reader.read_range(path, start, end) if start < end else b""
    if len(part) != end - start:
        raise InvalidInputError("it is shorter than its source says")
    return part


@dataclass(frozen=True, slots=True)
class Budget:
    """What reading one file may cost, in bytes and in reads."""

    bytes: int
    reads: int


REMOTE: Final = Budget(bytes=2 << 20, reads=12)
LOCAL: Final = Budget(bytes=64 << 20, reads=20_000)


class BudgetSpentError(Exception):
    """The budget ends before what is wanted; what was read until then still counts."""


class Cursor:
    """A place in a file that only moves forward, with the bytes around it at hand.

    A read takes what is wanted and the `behind` bytes that its user knows to follow, no more. Only
    where `guess` is given, of a format that tells nothing in advance, a read takes so much at
    least, and each further one double. A jump past what is at hand leaves the bytes between unread.
    """

    def __init__(
        self,
        reader: Reader,
        path: str,
        budget: Budget,
        *,
        guess: int = 0,
        at: int = 0,
    ) -> None:
        self.size = reader.size(path)
        self.at = at
        self.behind = 0
        self.order = "<"
        self._reader = reader
        self._path = path
        self._left = budget
        self._guess = self._step = guess
        self._start = at
        self._window = bytearray()

    @property
    def reach(self) -> int:
        """Where the bytes end that are at hand or that the budget still pays for."""
        return self._end + (self._left.bytes if self._left.reads else 0)

    @property
    def _end(self) -> int:
        return self._start + len(self._window)

    def need(self, count: int) -> None:
        """Have `count` bytes at hand.

        Raises InvalidInputError where the file ends before, BudgetSpentError where the budget does.
        """
        if self.at + count > self._end:
            self._fetch(count)

    def window(self) -> tuple[bytearray, int]:
        """Return the bytes at hand and where in them this place is; not to be kept."""
        return self._window, self.at - self._start

    def take(self, count: int) -> bytes:
        """Return the next `count` bytes."""
        self.need(count)
        begin = self.at - self._start
        self.at += count
        return bytes(self._window[begin : begin + count])

    def unpack(self, form: str) -> tuple[Any, ...]:
        """Return the next numbers in a form of `struct`, in the byte order of the file."""
        form = self.order + form
        self.need(struct.calcsize(form))
        found = struct.unpack_from(form, self._window, self.at - self._start)
        self.at += struct.calcsize(form)
        return found

    def varint(self) -> int:
        """Return the next number of a variable length, seven bits a byte, the lowest first."""
        place = self.at - self._start
        if place + LONGEST_VARINT > len(self._window):
            self.need(min(LONGEST_VARINT, self.size - self.at) or 1)
            place = self.at - self._start
        byte = self._window[place]
        if byte < _MORE:
            self.at += 1
            return byte
        return self._long_varint(place)

    def _long_varint(self, place: int) -> int:
        value = shift = 0
        for byte in self._window[place : place + LONGEST_VARINT]:
            value |= (byte & _MORE - 1) << shift
            shift += 7
            if byte < _MORE:
                self.at += shift // 7
                return value & _WORD
        raise InvalidInputError(f"it has an endless number at byte {self.at}")

    def skip(self, count: int) -> None:
        """Go on behind `count` bytes, which must be there."""
        if count > self.size - self.at:
            raise InvalidInputError(f"it claims {count} bytes where it has {self.size - self.at}")
        self.at += count

    def _fetch(self, count: int) -> None:
        if count > self.size - self.at:
            raise InvalidInputError(f"it ends at byte {self.size}, before its header does")
        start = max(self._end, self.at)
        self._step = self._step if start == self._end else self._guess
        ahead = min(self.at + count + self.behind, start + LARGEST_STEP)
        wanted = max(self.at + count, ahead, start + self._step)
        end = min(self.size, wanted, start + self._left.bytes)
        if end < self.at + count or self._left.reads < 1:
            raise BudgetSpentError
        part = self._reader.read_range(self._path, start, end)
        if len(part) < end - start:
            raise InvalidInputError("it is shorter than its source says")
        self._left = Budget(self._left.bytes - len(part), self._left.reads - 1)
        self._step = min(2 * self._step, LARGEST_STEP)
        self._append(part, start)

    def _append(self, part: bytes, start: int) -> None:
        joined = start == self._end
        del self._window[: self.at - self._start if joined else len(self._window)]
        self._start = self.at
        self._window += part


def read_named(path: str, form: str, problems: Problems, read: Callable[[], T]) -> T | None:
    """Return what `read` does; None where the file ends it, with a problem that names the fault."""
    try:
        return read()
    except BudgetSpentError:
        problems.add(f"{path}: its header is longer than what is read of it")
    except InvalidInputError as error:
        problems.add(f"{path} is no valid {form} file: {error.message}")
    except UNREADABLE as error:
        problems.add(f"{path} cannot be read: {error.message}")
    return None


def parse_table(content: bytes) -> dict[str, object]:
    """Parse a large JSON object in bounded memory; InvalidInputError for all that is none.

    A name that is given twice is refused, too.
    """
    nodes = sum(content.count(mark) for mark in (b"{", b"[", b",", b":"))
    if len(content) > LARGEST_TABLE or nodes > MOST_NODES:
        raise InvalidInputError(f"it holds too much: {len(content)} bytes")
    if len(content) > LARGEST_WIDE_TABLE and not content.isascii():
        raise InvalidInputError("it is large and not ASCII")
    found = parse_json(content, unique=True)
    if not isinstance(found, dict):
        raise InvalidInputError("it holds no object")
    return found
