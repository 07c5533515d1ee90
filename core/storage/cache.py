"""Copies on local disk, never more than a number of bytes, shared by all processes of a machine."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import structlog

from core.errors import StorageError
from core.storage.base import READ_ONLY, is_sha256
from core.storage.faults import local_faults

log = structlog.get_logger(__name__)
AIR: Final = 0.9  # what is evicted down to: looking through all copies should be rare
_PARTIAL = re.compile(r"[0-9a-f]{64}\.([0-9]+)\.[0-9a-f]{32}\.partial")


@dataclass(frozen=True, slots=True)
class CacheUse:
    """How many copies there are and how many bytes they have."""

    count: int
    size: int


class DiskCache:
    """Keep the copies that were used last.

    A ledger holds the bytes that are taken or promised. It is raised before bytes are written and
    lowered after they are gone, under a lock between processes: a process that dies leaves it too
    high, never too low, and it is counted anew before anything is evicted. A copy becomes visible
    by one rename; one that is half written is known by a lock that nobody holds any more.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder = folder
        self.limit = limit
        self._ledger = folder / "taken"

    def find(self, sha256: str) -> Path | None:
        """Give the copy and make it the youngest; None where there is none."""
        path = self._path(sha256)
        try:
            os.utime(path)
        except OSError:
            return None
        return path

    def add(self, sha256: str, size: int, fill: Callable[[Path], Path | None]) -> Path | None:
        """Let `fill` write a copy and give it; None where it does not fit or the disk refuses.

        `fill` may name another file of the same disk instead, which then is the copy as well. What
        it raises is raised, except what the disk of the cache says: a cache is never needed.
        """
        target = self._path(sha256)
        try:
            with self._promised(sha256, size) as partial:
                if partial is None:
                    return None
                source = fill(partial) or partial
                _publish(source, target, size)
        except FileExistsError:  # another process was quicker
            return target
        except (OSError, StorageError) as error:
            if not isinstance(error if isinstance(error, OSError) else error.__cause__, OSError):
                raise  # what the bytes come from is at fault, not the disk of the cache
            log.warning("cache_not_written", error=str(error))
            return None
        return target

    def begin(self, sha256: str, size: int) -> CopyWriter:
        """Take a copy of what passes by; without room, or with a full disk, it takes nothing."""
        stack = ExitStack()
        try:
            partial = stack.enter_context(self._promised(sha256, size))
            file = stack.enter_context(partial.open("wb")) if partial else None
        except OSError as error:
            log.warning("cache_not_written", error=str(error))
            partial = file = None
        return CopyWriter(stack, partial, file, self._path(sha256))

    def forget(self, sha256: str) -> None:
        """Remove a copy; harmless when there is none."""
        with suppress(OSError), self._locked():
            path = self._path(sha256)
            size = path.stat().st_size
            path.unlink()
            self._write(max(0, self._read() - size))

    def use(self) -> CacheUse:
        """Count the copies."""
        sizes = [size for _, size, _ in self._copies()]
        return CacheUse(len(sizes), sum(sizes))

    def clear(self) -> None:
        """Remove what dead processes left half written and count anew."""
        if self.folder.is_dir():
            with local_faults(f"Cache {self.folder}"), self._locked():
                self._write(self._count())

    @contextmanager
    def _promised(self, sha256: str, size: int) -> Iterator[Path | None]:
        """Lend a file whose bytes are promised; the promise stays for what was published alone."""
        self._path(sha256).parent.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{sha256}.{size}.{uuid.uuid4().hex}.partial"
        with self._locked():
            if not self._take(size):
                yield None
                return
            held = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
            fcntl.flock(held, fcntl.LOCK_EX)
        try:
            yield path
        except BaseException:
            with suppress(OSError), self._locked():
                path.unlink(missing_ok=True)
                self._write(max(0, self._read() - size))
            raise
        finally:
            path.unlink(missing_ok=True)
            os.close(held)

    def _take(self, size: int) -> bool:
        """Promise these bytes, and evict what was used longest ago where they need the room."""
        if size > self.limit * AIR:
            return False
        taken = self._read()
        if taken + size > self.limit:
            taken = self._evict(self._count(), size)
        if taken + size > self.limit:
            return False
        self._write(taken + size)
        return True

    def _evict(self, taken: int, size: int) -> int:
        """Remove the oldest copies until there is some air; give the bytes that are left."""
        for _, length, path in sorted(self._copies()):
            if taken + size <= self.limit * AIR:
                break
            with suppress(FileNotFoundError):
                Path(path).unlink()
                taken -= length
        return taken

    def _count(self) -> int:
        """Add up the copies and what living processes write; what the dead left is removed.

        In this order: a file that is published meanwhile counts twice then, and never not at all.
        """
        total = 0
        for path in self.folder.glob("*.partial"):
            found = _PARTIAL.fullmatch(path.name)
            if found and _is_held(path):
                total += int(found[1])
            else:
                path.unlink(missing_ok=True)
        return total + sum(size for _, size, _ in self._copies())

    def _copies(self) -> Iterator[tuple[float, int, str]]:
        """Time of last use, size and path of every copy."""
        if not self.folder.is_dir():
            return
        for shelf in os.scandir(self.folder):
            if not shelf.is_dir():
                continue
            for entry in os.scandir(shelf.path):
                if is_sha256(entry.name):
                    with suppress(FileNotFoundError):
                        found = entry.stat()
                        yield found.st_mtime, found.st_size, entry.path

    def _read(self) -> int:
        try:
            return int(self._ledger.read_text())
        except (FileNotFoundError, ValueError):
            return self._count()

    def _write(self, taken: int) -> None:
        """Overwrite the number in its place: a full disk must not keep a promise from ending."""
        descriptor = os.open(self._ledger, os.O_CREAT | os.O_WRONLY, 0o600)
        try:
            os.pwrite(descriptor, b"%020d" % taken, 0)
        finally:
            os.close(descriptor)

    def _path(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256

    @contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = os.open(self.folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _publish(source: Path, target: Path, size: int) -> None:
    if source.stat().st_size != size:
        raise OSError(f"A copy of {target.name} is not whole")
    source.chmod(READ_ONLY)
    os.link(source, target)


class CopyWriter:
    """A copy that grows while its bytes go to somebody else; whole and right, or not there."""

    def __init__(
        self, stack: ExitStack, partial: Path | None, file: BinaryIO | None, target: Path
    ) -> None:
        self._stack, self._partial, self._file, self._target = stack, partial, file, target
        self._digest = hashlib.sha256()
        self._open = True

    def write(self, chunk: bytes) -> None:
        """Take a part; a disk that refuses it ends the copy and nothing else."""
        if self._file is None:
            return
        try:
            self._file.write(chunk)
        except OSError as error:
            log.warning("cache_not_written", error=str(error))
            self.close()
        else:
            self._digest.update(chunk)

    def finish(self) -> None:
        """Publish the copy if all its bytes came and have the right hash."""
        if self._file is None or self._partial is None:
            return
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            if self._digest.hexdigest() == self._target.name:
                self._partial.chmod(READ_ONLY)
                os.link(self._partial, self._target)
                self._open = False
                self._stack.close()
        except OSError as error:
            log.info("cache_not_written", error=str(error))

    def close(self) -> None:
        """Drop what was not published, and its promise."""
        self._file = None
        if self._open:
            self._open = False
            dropped = _DroppedError()
            with suppress(OSError):  # what a full disk did not take before
                self._stack.__exit__(type(dropped), dropped, None)


class _DroppedError(Exception):
    """Ends a copy that is not wanted any more."""


def _is_held(path: Path) -> bool:
    """Whether the process that writes this file lives."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
