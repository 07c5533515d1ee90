"""Read a file in small pieces from anywhere: what is passed over is never read."""

from __future__ import annotations

import struct
from typing import Protocol

_PIECE = 256 * 1024


class FormatError(ValueError):
    """The bytes break a rule of their format; what follows cannot be trusted."""


class BoundsError(FormatError):
    """A length, count or place reaches past the end of the file."""


class Readable(Protocol):
    """What a reader asks of a file."""

    def seek(self, offset: int, whence: int = 0, /) -> int: ...

    def read(self, count: int, /) -> bytes: ...


class ByteReader:
    """A position in a stream of known size."""

    def __init__(self, stream: Readable, piece: int = _PIECE) -> None:
        self._stream = stream
        self._longest = piece
        self.size = stream.seek(0, 2)
        self.position = 0
        self._start = 0
        self._piece = b""

    @property
    def left(self) -> int:
        return self.size - self.position

    def take(self, count: int) -> bytes:
        """The next bytes; BoundsError when there are fewer."""
        if count > self.left:
            raise BoundsError(f"{count} bytes at {self.position} of {self.size}")
        begin = self.position - self._start
        if not (begin >= 0 and begin + count <= len(self._piece)):
            self._load(count)
            begin = 0
        self.position += count
        return self._piece[begin : begin + count]

    def take_at(self, position: int, count: int) -> bytes:
        """Bytes from elsewhere; the position is left behind them."""
        self.move(position)
        return self.take(count)

    def move(self, position: int) -> None:
        if not 0 <= position <= self.size:
            raise BoundsError(f"place {position} of {self.size}")
        self.position = position

    def skip(self, count: int) -> None:
        if count > self.left:
            raise BoundsError(f"{count} bytes at {self.position} of {self.size}")
        self.position += count

    def unpack(self, form: struct.Struct) -> tuple[int, ...]:
        """The next numbers."""
        return form.unpack(self.take(form.size))

    def skip_zeros(self, count: int) -> None:
        """Pass what only fills a place."""
        if self.take(count).strip(b"\0"):
            raise FormatError(f"bytes before {self.position} that fill a place and are not zero")

    def end(self) -> None:
        """FormatError where bytes are left."""
        if self.left:
            raise FormatError(f"{self.left} bytes behind the last part")

    def skip_to(self, mark: bytes, longest: int) -> None:
        """Pass a text of up to so many bytes, and the mark that ends it."""
        piece = 64
        while True:
            begin = self.position
            text = self.take(min(piece, self.left))
            end = text.find(mark)
            self.move(begin)
            if 0 <= end <= longest:
                self.skip(end + len(mark))
                return
            if len(text) >= min(self.left, longest):
                raise FormatError(f"a text at {begin} has no end")
            piece *= 8

    def skip_texts(self, count: int, length: struct.Struct) -> None:
        """Pass so many texts that have their length before them, fast: vocabularies are long."""
        width = length.size
        for _ in range(count):
            begin = self.position - self._start
            if not (begin >= 0 and begin + width <= len(self._piece)):
                self.take(width)
                self.position -= width
                begin = self.position - self._start
            end = self.position + width + length.unpack_from(self._piece, begin)[0]
            if end > self.size:
                raise BoundsError(f"a text at {self.position} reaches to {end} of {self.size}")
            self.position = end

    def _load(self, count: int) -> None:
        self._stream.seek(self.position)
        self._start = self.position
        self._piece = self._stream.read(max(count, self._longest))
        if len(self._piece) < count:
            raise BoundsError("the file became shorter")
