"""One reading of a file for all engines: a copy in memory that none of them can change.

Whatever the number of engines and of children that they run in, the file itself is read once. A
file is copied when engines read most of it anyway; of the others they read headers where they lie.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scanning.scanners._sniff import COMPRESSED, Kind, sniff
from scanning.scanners.base import HEAD_BYTES, MEBIBYTE

if TYPE_CHECKING:
    from scanning.sandbox import Asked

ROOM: Final = 256 * MEBIBYTE  # for all copies of one round: a larger file is not copied
SMALL: Final = 4 * MEBIBYTE  # is copied whatever it is: it costs less than to ask
_READ_WHOLE: Final = frozenset({Kind.TEXT, Kind.PICKLE, Kind.ZIP, Kind.SEVENZIP}) | COMPRESSED
_SEALS: Final = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
Place = tuple[int, int]


class Copies:
    """Contents of files, one behind the other; sealed before anybody else has it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._end = 0
        self._places: dict[Path, Place | None] = {}

    @property
    def inherited(self) -> tuple[int, ...]:
        """What a child is given to read them."""
        return (self._descriptor,) if self._end else ()

    def place(self, path: Path) -> Place | None:
        """Where the copy of a file begins, and its size; None when the file itself is read."""
        return self._places.get(path)

    def take(self, asked: Sequence[Asked]) -> int:
        """Copy the files of as many looks as there is room for, of one look at least."""
        for count, one in enumerate(asked):
            path = one.target.path
            if one.content is None and path not in self._places and not self._fits(path):
                return count
        return len(asked)

    def seal(self) -> None:
        fcntl.fcntl(self._descriptor, fcntl.F_ADD_SEALS, _SEALS)

    def _fits(self, path: Path) -> bool:
        try:
            file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            self._places[path] = None  # why, is told by who looks at it
            return True
        with ExitStack() as stack:
            stack.callback(os.close, file)
            about = os.fstat(file)
            if not stat.S_ISREG(about.st_mode) or about.st_size > ROOM:
                self._places[path] = None
            elif self._end and self._end + about.st_size > ROOM:
                return False
            else:
                self._places[path] = self._copied(file, about.st_size)
        return True

    def _copied(self, file: int, size: int) -> Place | None:
        try:
            head = os.read(file, HEAD_BYTES)
            if size > SMALL and sniff(head) not in _READ_WHOLE:
                return None
            os.lseek(self._descriptor, self._end, os.SEEK_SET)
            done = os.write(self._descriptor, head)
            while done < size and (more := os.sendfile(self._descriptor, file, None, size - done)):
                done += more
        except OSError:
            os.ftruncate(self._descriptor, self._end)
            return None
        place = (self._end, done)
        self._end += -(-done // mmap.PAGESIZE) * mmap.PAGESIZE
        return place if done else None


def rounds(asked: Sequence[Asked]) -> Iterator[tuple[Sequence[Asked], Copies | None]]:
    """Looks in their order, as many at once as have room for the copies of their files."""
    while asked:
        with _copies() as copies:
            count = copies.take(asked) if copies else len(asked)
            if copies:
                copies.seal()
            yield asked[:count], copies
        asked = asked[count:]


@contextmanager
def _copies() -> Iterator[Copies | None]:
    """None where the system has no memory that can be sealed: the files themselves are read."""
    descriptor = -1
    with suppress(AttributeError, OSError):
        descriptor = os.memfd_create("copies", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    if descriptor < 0:
        yield None
        return
    try:
        yield Copies(descriptor)
    finally:
        os.close(descriptor)
