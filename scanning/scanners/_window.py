"""A part of a file, read where it lies."""

from __future__ import annotations

import io
import os
from typing import BinaryIO, cast


class Window(io.RawIOBase):
    """A part of a seekable stream as a stream of its own, without copying it."""

    def __init__(self, stream: BinaryIO, start: int, size: int) -> None:
        self._stream = stream
        self._start = start
        self._size = size
        self._position = 0

    def buffered(self) -> BinaryIO:
        return cast(BinaryIO, io.BufferedReader(self))

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        size = max(0, min(len(buffer), self._size - self._position))
        self._stream.seek(self._start + self._position)
        data = self._stream.read(size)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)
