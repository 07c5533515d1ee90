"""pickletools for libraries that list all opcodes of a pickle: what no name needs is not kept."""

from __future__ import annotations

import os
import pickletools
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from types import ModuleType, SimpleNamespace
from typing import IO, Any, BinaryIO, Self, cast

_LONG = 64 * 1024
_MEMO = frozenset({"PUT", "BINPUT", "LONG_BINPUT", "GET", "BINGET", "LONG_BINGET"})
_Op = tuple[pickletools.OpcodeInfo, Any, None]


@contextmanager
def frugal(library: ModuleType, *, is_zip: bool) -> Iterator[list[str]]:
    """Let a library keep little of what it lists; give the streams that broke off, as it may not.

    It keeps every opcode of a pickle in a list, with its argument and position. Of an archive the
    members are what counts, also where the library tries the archive itself as a pickle.
    """
    broken: list[str] = []
    lacking: list[MemoryError] = []

    def genops(stream: BinaryIO) -> Iterator[_Op]:
        try:
            yield from _light_ops(stream)
        except MemoryError as error:  # of which a library makes less than it is
            lacking.append(error)
            raise
        except Exception as error:
            if isinstance(stream, zipfile.ZipExtFile) or not is_zip:
                broken.append(f"unreadable at {stream.tell()}: {error}"[:300])
            raise

    real = library.pickletools
    library.pickletools = SimpleNamespace(genops=genops)  # type: ignore[attr-defined]
    try:
        yield broken
        if lacking:
            raise lacking[0]
    finally:
        library.pickletools = real  # type: ignore[attr-defined]


def _light_ops(stream: BinaryIO) -> Iterator[_Op]:
    """Opcodes as pickletools lists them, with arguments where a name or the memo may need them."""
    alike: dict[str, _Op] = {}
    for op, argument, _ in pickletools.genops(cast("IO[bytes]", _Skipping(stream))):
        if isinstance(argument, str) or op.name in _MEMO:
            yield op, argument, None
        else:
            yield alike.setdefault(op.name, (op, None, None))


class _Skipping:
    """A stream of which long arguments are passed over: no name is as long."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.readline = stream.readline
        # A member of an archive has to be unpacked, whatever of it is wanted.
        self._size = _size_of(stream) if isinstance(stream, BufferedReader) else None

    def read(self, size: int) -> bytes:
        if size <= _LONG:
            return self._stream.read(size)
        is_there = self._pass_over(size) if self._size is None else self._seek_over(size)
        return _Unkept(size) if is_there else b""

    def _seek_over(self, size: int) -> bool:
        return self._stream.seek(size, os.SEEK_CUR) <= (self._size or 0)

    def _pass_over(self, size: int) -> bool:
        while size and (piece := self._stream.read(min(size, _LONG))):
            size -= len(piece)
        return not size


def _size_of(stream: BinaryIO) -> int:
    position = stream.tell()
    size = stream.seek(0, os.SEEK_END)
    stream.seek(position)
    return size


class _Unkept(bytes):
    """Bytes that were there and are not kept; only their number is."""

    size: int

    def __new__(cls, size: int) -> Self:
        made = super().__new__(cls)
        made.size = size
        return made

    def __len__(self) -> int:
        return self.size
