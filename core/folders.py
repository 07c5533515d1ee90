"""Files in a folder that others write: found, opened and hashed without ever leaving it."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import (
    InvalidInputError,
    SourceChangedError,
    StorageError,
    TooLargeError,
    UpstreamForbiddenError,
    UpstreamNotFoundError,
)

BLOCK: Final = 4 << 20
DEEPEST: Final = 32
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK the opening of a pipe waits for somebody who writes into it.
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
Heard = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class FoundFile:
    """One regular file; `stamp` changes when its bytes may have changed.

    `path` is its name in the folder that was looked at, `at` where it is below the root.
    """

    path: str
    at: str
    size: int
    stamp: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A name in a folder that is not taken, and why."""

    path: str
    at: str
    reason: str


def stamp_of(found: os.stat_result) -> str:
    """Say in one text what identifies the bytes of a file without reading them."""
    return f"{found.st_dev}:{found.st_ino}:{found.st_size}:{found.st_mtime_ns}"


def in_words(name: str) -> str:
    """Quote a name of the disk for a message: on one line, without control characters."""
    return repr(name[:200]) if name.isprintable() else ascii(name[:200])


def look_below(root: Path, path: str, *, most: int) -> Iterator[FoundFile | Refused]:
    """Give every file of the folder (or the one file) at `path` below `root`, hidden ones left out.

    '' is the root itself. Names are relative to that folder; a single file is called by its last
    part. Symlinks and what is no file are Refused: whether that matters is the caller's business.
    """
    with _opened(root, path) as (descriptor, is_folder):
        if not is_folder:
            found = os.fstat(descriptor)
            yield FoundFile(path.rpartition("/")[2], path, found.st_size, stamp_of(found))
            return
        for count, entry in enumerate(_walk(descriptor, path)):
            if count >= most:
                raise TooLargeError(f"{in_words(path)} has more than {most} files", limit=most)
            yield entry


def _walk(descriptor: int, at: str) -> Iterator[FoundFile | Refused]:
    subject = in_words(at)
    with faults(subject):
        for folder, folders, files, opened in os.fwalk(
            ".", dir_fd=descriptor, follow_symlinks=False, onerror=_raise
        ):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            if folder.count("/") > DEEPEST:
                raise TooLargeError(f"{subject} has folders more than {DEEPEST} deep")
            start = "" if folder == "." else folder.removeprefix("./") + "/"
            for name in sorted([*folders, *files]):
                if not name.startswith("."):
                    entry = _entry(opened, name, start + name, at)
                    if entry is not None:
                        yield entry


def _raise(error: OSError) -> None:
    raise error


def _entry(folder: int, name: str, path: str, at: str) -> FoundFile | Refused | None:
    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if stat.S_ISDIR(found.st_mode):
        return None
    if stat.S_ISREG(found.st_mode):
        return FoundFile(path, _join(at, path), found.st_size, stamp_of(found))
    kind = "a symlink" if stat.S_ISLNK(found.st_mode) else "no regular file"
    return Refused(path, _join(at, path), kind)


def _join(at: str, path: str) -> str:
    return f"{at}/{path}" if at else path


def open_below(root: Path, path: str) -> int:
    """Open the regular file at `path` below `root`, following no symlink on the way."""
    with _opened(root, path) as (descriptor, is_folder):
        if is_folder:
            raise InvalidInputError(f"{in_words(path)} is a folder")
        return os.dup(descriptor)


def read_below(root: Path, path: str, start: int, end: int) -> bytes:
    """Return the bytes from `start` up to, not including, `end`; fewer where the file ends."""
    descriptor = open_below(root, path)
    try:
        with faults(in_words(path)):
            parts = []
            while start < end and (part := os.pread(descriptor, min(BLOCK, end - start), start)):
                parts.append(part)
                start += len(part)
            return b"".join(parts)
    finally:
        os.close(descriptor)


def hash_below(root: Path, path: str, stamp: str, heard: Heard) -> str:
    """Read a whole file and give its SHA-256; one that is or becomes another is an error."""
    descriptor = open_below(root, path)
    try:
        _check_same(descriptor, path, stamp)
        digest, block = hashlib.sha256(), memoryview(bytearray(BLOCK))
        left = os.fstat(descriptor).st_size  # no more: whoever writes may never end
        with faults(in_words(path)), os.fdopen(os.dup(descriptor), "rb", buffering=0) as file:
            while left > 0 and (count := file.readinto(block[: min(BLOCK, left)])):
                digest.update(block[:count])
                left -= count
                heard(count)
        _check_same(descriptor, path, stamp)
        return digest.hexdigest()
    finally:
        os.close(descriptor)


def _check_same(descriptor: int, path: str, stamp: str) -> None:
    if stamp_of(os.fstat(descriptor)) != stamp:
        raise SourceChangedError(
            f"{in_words(path)} changed while it was read. Wait until nobody writes to it any more.",
            path=path,
        )


@contextmanager
def _opened(root: Path, path: str) -> Iterator[tuple[int, bool]]:
    """Open what is at `path`, part by part; say whether it is a folder."""
    opened: list[int] = []
    try:
        with faults(in_words(path)):
            parts = path.split("/") if path else []
            if {"", ".", ".."} & set(parts) or "\0" in path:
                raise InvalidInputError(f"{in_words(path)} leaves its folder")
            opened.append(os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
            for last, part in enumerate(parts, start=1 - len(parts)):
                opened.append(os.open(part, _FOLDER if last else _FILE, dir_fd=opened[-1]))
            mode = os.fstat(opened[-1]).st_mode
            if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                raise InvalidInputError(f"{in_words(path)} is neither a file nor a folder")
        yield opened[-1], stat.S_ISDIR(mode)
    finally:
        for descriptor in opened:
            os.close(descriptor)


@contextmanager
def faults(subject: str) -> Iterator[None]:
    """Raise OSError as the error of the yard that says the same about `subject`."""
    try:
        yield
    except FileNotFoundError as error:
        raise UpstreamNotFoundError(f"There is no {subject} on this machine.") from error
    except PermissionError as error:
        raise UpstreamForbiddenError(
            f"The yard's user may not read {subject}: give it read permission (and execute on its"
            " folders)."
        ) from error
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise InvalidInputError(
                f"{subject} is a symlink, or lies behind one or behind a file: put the file itself"
                " there."
            ) from error
        if error.errno in (errno.ENAMETOOLONG, errno.ENXIO):
            raise InvalidInputError(f"{subject}: {error.strerror}") from error
        raise StorageError(f"{subject}: {error.strerror or type(error).__name__}") from error
