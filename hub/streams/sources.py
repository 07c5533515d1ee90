"""Where the bytes of a span come from: a file of this machine, or a store that is far away."""

from __future__ import annotations

import asyncio
import errno
import io
import os
from collections.abc import Generator, Iterator
from concurrent.futures import Executor
from typing import BinaryIO, Final, Protocol

from core.errors import StorageError
from core.ranges import Span
from core.storage import ContentStore

# Linux reads what it has in memory without waiting, or says that it would have to wait.
_AT_ONCE: Final[int] = getattr(os, "RWF_NOWAIT", 0)
_UNABLE: Final = {errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS}
_PIECE: Final = 64 << 10  # bytes that one far reader holds: there may be a thousand


class Source(Protocol):
    """The bytes of one span, in order."""

    async def read(self, most: int) -> bytes | bytearray:
        """Give some of the bytes that are next, at most so many; none is an end."""

    async def close(self) -> None:
        """Give back what it holds."""


async def opened(
    store: ContentStore, sha256: str, size: int, span: Span, *, threads: Executor
) -> Source:
    """Open the span; what cannot be read, or has another size, is an error before the answer."""
    return await asyncio.get_running_loop().run_in_executor(
        threads, _open, store, sha256, size, span, threads
    )


def _open(store: ContentStore, sha256: str, size: int, span: Span, threads: Executor) -> Source:
    file = store.open(sha256)
    try:
        descriptor = file.fileno()
    except io.UnsupportedOperation:
        file.close()
        _check_size(sha256, size, store.stat(sha256))
        return _Far(store, sha256, span, threads)
    try:
        _check_size(sha256, size, os.fstat(descriptor).st_size)
    except StorageError:
        file.close()
        raise
    return _Near(file, span, threads)


def _check_size(sha256: str, expected: int, found: int) -> None:
    if found != expected:
        raise StorageError(f"Content {sha256} has {found} bytes instead of {expected}")


class _Near:
    """A local file: read in place while the machine has the bytes in memory, else in a thread."""

    def __init__(self, file: BinaryIO, span: Span, threads: Executor) -> None:
        self._file, self._threads = file, threads
        self._at, self._end = span.start, span.start + span.length

    async def read(self, most: int) -> bytes | bytearray:
        length = min(most, self._end - self._at)
        found = self._read_at_once(length) or await self._read_in_thread(length)
        self._at += len(found)
        return found

    def _read_at_once(self, length: int) -> bytearray:
        if not _AT_ONCE:
            return bytearray()
        room = bytearray(length)
        try:
            count = os.preadv(self._file.fileno(), [room], self._at, _AT_ONCE)
        except BlockingIOError:
            count = 0
        except OSError as error:
            if error.errno not in _UNABLE:
                raise
            count = 0  # not every file system can
        del room[count:]
        return room

    async def _read_in_thread(self, length: int) -> bytes:
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, os.pread, self._file.fileno(), length, self._at
        )

    async def close(self) -> None:
        self._file.close()


class _Far:
    """One request to the store, read piece by piece in threads; its first piece is read at once."""

    def __init__(self, store: ContentStore, sha256: str, span: Span, threads: Executor) -> None:
        self._threads = threads
        self._chunks: Iterator[bytes] = store.open_range(
            sha256, span.start, span.length, piece=_PIECE
        )
        self._rest = memoryview(next(self._chunks, b""))

    async def read(self, most: int) -> bytes:
        if not self._rest:
            loop = asyncio.get_running_loop()
            self._rest = memoryview(
                await loop.run_in_executor(self._threads, next, self._chunks, b"")
            )
        part, self._rest = bytes(self._rest[:most]), self._rest[most:]
        return part

    async def close(self) -> None:
        if isinstance(self._chunks, Generator):
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._threads, self._chunks.close)
