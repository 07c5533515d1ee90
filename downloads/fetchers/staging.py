"""The file that a fetcher fills, and what aria2 keeps beside it."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from pathlib import Path

from core.errors import IntegrityError
from core.storage.faults import local_faults


def control_file(staging: Path) -> Path:
    """Return where aria2 notes which pieces it has; while it exists, the file has holes."""
    return staging.with_name(staging.name + ".aria2")


def is_complete(staging: Path, size: int) -> bool:
    """Tell whether all bytes are there; says nothing of their hash."""
    with local_faults(f"Staging file {staging.name}"):
        return staging.is_file() and staging.stat().st_size == size and not has_holes(staging)


def has_holes(staging: Path) -> bool:
    return control_file(staging).exists()


def discard(staging: Path) -> None:
    """Remove a staging file with all that belongs to it; the next try starts from nothing."""
    with local_faults(f"Staging file {staging.name}"):
        staging.unlink(missing_ok=True)
        control_file(staging).unlink(missing_ok=True)


def make_empty(staging: Path) -> None:
    discard(staging)
    with StagingFile(staging):
        pass


def seal(staging: Path, size: int) -> None:
    """Put the bytes on the disk for good; raise IntegrityError when they are not `size`."""
    with local_faults(f"Staging file {staging.name}"), staging.open("rb") as file:
        os.fsync(file.fileno())
        actual = os.fstat(file.fileno()).st_size
    if actual != size:
        raise IntegrityError(
            f"{actual} bytes arrived instead of {size}", expected=size, actual=actual
        )


class StagingFile:
    """A file that only grows at its end, or starts again from nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._faults(f"Staging folder {path.parent.name}"):
            path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
            self._descriptor = os.open(path, flags, 0o600)
            self.size = os.fstat(self._descriptor).st_size

    def append(self, data: bytes) -> None:
        view = memoryview(data)
        with self._faults():
            while view:
                written = os.write(self._descriptor, view)
                self.size += written
                view = view[written:]

    def restart(self) -> None:
        with self._faults():
            os.ftruncate(self._descriptor, 0)
        self.size = 0

    def __enter__(self) -> StagingFile:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def _faults(self, subject: str = "") -> AbstractContextManager[None]:
        return local_faults(subject or f"Staging file {self.path.name}")
