"""Folders that only one process uses, gone after it: also when it was killed."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory


@contextmanager
def scratch_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """Make a folder that is removed at the end; while it is used it is locked."""
    with ExitStack() as stack:
        with _locked(parent, fcntl.LOCK_SH):  # whoever sweeps never sees it without its lock
            made = TemporaryDirectory(prefix=prefix, dir=parent)
            stack.enter_context(_locked(Path(made.name), fcntl.LOCK_EX))
        stack.callback(made.cleanup)
        yield Path(made.name)


def sweep_scratch(parent: Path) -> int:
    """Remove folders that their process left behind when it was killed; say how many."""
    left: list[Path] = []
    with ExitStack() as stack:
        with suppress(FileNotFoundError), _locked(parent, fcntl.LOCK_EX):
            left += [folder for folder in parent.iterdir() if _is_left(stack, folder)]
        return sum(_is_removed(folder) for folder in left)


def _is_left(stack: ExitStack, folder: Path) -> bool:
    """Whether it is there and nobody holds it; it is ours from now on."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    try:
        stack.enter_context(_locked(folder, fcntl.LOCK_EX | fcntl.LOCK_NB))
    except OSError:  # in use, or gone meanwhile
        return False
    return folder.exists()


def _is_removed(folder: Path) -> bool:
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


@contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        os.close(descriptor)
