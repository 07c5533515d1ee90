"""The inside of `scanning.copies`: a path whose content is the copy, whoever opens it."""

from __future__ import annotations

import io
import mmap
import os
from pathlib import PosixPath
from typing import IO, Any, BinaryIO, Self, cast

from scanning.scanners.base import MEBIBYTE

_HELD = 4 * MEBIBYTE  # of the copies' pages, which count as memory of who has looked at them
_SMALL = 8 * MEBIBYTE  # is kept as bytes, of which each reading is one more view


class Memory:
    """All copies, as this process sees them."""

    def __init__(self, descriptor: int) -> None:
        # Private: older systems map what is sealed in no other way.
        self._map = mmap.mmap(descriptor, 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)
        self._bytes = memoryview(self._map)
        self._looked_at = 0

    def part(self, start: int, count: int) -> bytes:
        """Bytes of a copy; pages that were looked at are let go, and stay where they are."""
        found = bytes(self._bytes[start : start + count])
        self._looked_at += count
        if self._looked_at > _HELD:
            self._looked_at = 0
            self._map.madvise(mmap.MADV_DONTNEED)
        return found


class Copied(PosixPath):
    """A local file that is not read again: opened, it gives the copy of its content."""

    _content: _Content | None = None  # paths that are made of this one have none

    @classmethod
    def of(cls, path: str, memory: Memory, start: int, size: int) -> Self:
        made = cls(path)
        made._content = _Content(memory, start, size)
        return made

    def open(  # type: ignore[override]
        self,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> IO[Any]:
        if self._content is None:
            return super().open(mode, buffering, encoding, errors, newline)
        if set(mode) - set("rbt"):
            raise io.UnsupportedOperation("a copy is only read")
        stream = self._content.opened()
        return stream if "b" in mode else io.TextIOWrapper(stream, encoding, errors, newline)

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """What the system says, with the size of what was read."""
        found = super().stat(follow_symlinks=follow_symlinks)
        if self._content is None or found.st_size == self._content.size:
            return found
        return os.stat_result([*found[:6], self._content.size, *found[7:10]])


class _Content:
    def __init__(self, memory: Memory, start: int, size: int) -> None:
        self.size = size
        self._memory = memory
        self._start = start
        self._small = memory.part(start, size) if size <= _SMALL else None

    def opened(self) -> BinaryIO:
        if self._small is not None:
            return io.BytesIO(self._small)
        return cast("BinaryIO", io.BufferedReader(_Reading(self)))

    def part(self, at: int, count: int) -> bytes:
        return self._memory.part(self._start + at, max(0, min(count, self.size - at)))


class _Reading(io.RawIOBase):
    def __init__(self, content: _Content) -> None:
        self._content = content
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        ends = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._content.size}
        position = ends[whence] + offset
        if position < 0:
            raise OSError(22, "a place before the beginning")
        self._position = position
        return position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        part = self._content.part(self._position, len(buffer))
        buffer[: len(part)] = part
        self._position += len(part)
        return len(part)

    def readall(self) -> bytes:
        found = self._content.part(self._position, self._content.size)
        self._position += len(found)
        return found
