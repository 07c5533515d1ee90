"""Folders that only one process uses, gone after it: also when it was killed."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

_BEGINNING: Final = 3600  # seconds; one that is just being made is not locked yet


@contextmanager
def scratch_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """Make a folder that is removed at the end; while it is used it is locked."""
    with TemporaryDirectory(prefix=prefix, dir=parent) as name:
        descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield Path(name)
        finally:
            os.close(descriptor)


def sweep_scratch(parent: Path, *, older_than: float = _BEGINNING) -> int:
    """Remove folders that their process left behind when it was killed; say how many."""
    before = time.time() - older_than
    with suppress(FileNotFoundError):
        return sum(_remove(folder, before) for folder in parent.iterdir())
    return 0


def _remove(folder: Path, before: float) -> bool:
    try:
        if folder.is_symlink() or not folder.is_dir() or folder.stat().st_mtime > before:
            return False
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:  # gone meanwhile
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        shutil.rmtree(folder, ignore_errors=True)
        return not folder.exists()
    finally:
        os.close(descriptor)
