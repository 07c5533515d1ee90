"""A seekable file over range requests, for readers of headers and tails."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from typing import BinaryIO

from core.storage.base import CHUNK


def open_seekable(stream: Callable[[int], Iterator[bytes]], size: int) -> BinaryIO:
    """Open what `stream(start)` yields as a buffered file; one request per jump."""
    return io.BufferedReader(_RangeReader(stream, size), CHUNK)


class _RangeReader(io.RawIOBase):
    def __init__(self, stream: Callable[[int], Iterator[bytes]], size: int) -> None:
        self._stream = stream
        self._size = size
        self._position = 0
        self._chunks: Iterator[bytes] | None = None
        self._rest = b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        target = base + offset
        if target < 0:
            raise OSError("seek before the start of a content")
        if target != self._position:
            self._position, self._chunks, self._rest = target, None, b""
        return target

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # buffer protocol
        if self._chunks is None:
            self._chunks = self._stream(self._position)
        self._rest = self._rest or next(self._chunks, b"")
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        self._position += count
        return count
