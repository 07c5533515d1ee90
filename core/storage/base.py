"""What a content store promises. docs/adr/0002-content-store.md says why."""

from __future__ import annotations

import hashlib
import os
import re
import stat as stat_modes
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final

from core.errors import IntegrityError, InvalidInputError, NotFoundError
from core.storage.faults import local_faults

CHUNK: Final = 1 << 20
READ_ONLY: Final = 0o444
KEPT_ASIDE: Final = timedelta(days=30)
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class StoredContent:
    """One content as the store itself sees it; `modified` lets a collector keep a grace time."""

    sha256: str
    size: int
    modified: datetime


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What interrupted puts left, or would be removed: how many and how many bytes."""

    count: int = 0
    size: int = 0

    def __add__(self, other: Leftovers) -> Leftovers:
        return Leftovers(self.count + other.count, self.size + other.size)


def content_key(sha256: str) -> str:
    """Name the place of a content; refuse what is no sha256, so that no key leaves the store."""
    if not _SHA256.fullmatch(sha256):
        raise InvalidInputError(f"Not a sha256: {sha256[:80]!r}")
    return f"sha256/{sha256[:2]}/{sha256[2:4]}/{sha256}"


def is_sha256(text: str) -> bool:
    return _SHA256.fullmatch(text) is not None


class ContentStore(ABC):
    """Keep bytes under their sha256, whole or not at all, whatever dies while they arrive.

    Absent is NotFoundError, away is StorageError, full is StorageFullError; never None.
    """

    def put(self, path: Path, sha256: str, size: int) -> str:
        """Take a verified staging file in and return its key; the staging file is used up.

        Safe to repeat after a crash: a content that is already there ends the call.
        """
        key = content_key(sha256)
        if self._holds(sha256, size):
            self._renew(sha256)
        else:
            _check_staged(path, size)
            self._take(path, sha256, size)
        with local_faults(f"Staging file {path.name}"):
            path.unlink(missing_ok=True)
        return key

    def exists(self, sha256: str) -> bool:
        """Tell whether the content is here; raise StorageError when nobody can know."""
        try:
            self.stat(sha256)
        except NotFoundError:
            return False
        return True

    def read_range(self, sha256: str, start: int, length: int) -> bytes:
        """Return the bytes of a range; fewer, or none, where the content ends before."""
        return b"".join(self.open_range(sha256, start, length))

    def read_stored(self, sha256: str) -> Iterator[bytes]:
        """Stream what the store itself has, past every copy: for who doubts the bytes."""
        return self.open_range(sha256)

    def materialize(self, sha256: str, into: Path, *, name: str = "") -> Path:
        """Place a read-only local file in the folder `into`, for a scanner that needs a path."""
        name = name or sha256
        if not name or name in {".", ".."} or Path(name).name != name or "\0" in name:
            raise InvalidInputError(f"Not a plain file name: {name!r}")
        target = into / name
        with local_faults(f"Local copy of content {sha256}"):
            into.mkdir(parents=True, exist_ok=True)
        with local_faults(f"Content {sha256}"), fresh_file(into) as partial:
            self._copy_out(sha256, partial)
            partial.chmod(READ_ONLY)
            partial.replace(target)
        return target

    def iter_keys(self) -> Iterator[str]:
        """Yield the key of every content, in order of the hash."""
        return (content_key(content.sha256) for content in self.iter_contents())

    def url(self, sha256: str, *, expires: int, filename: str) -> str | None:
        """Sign an address where a client gets the bytes itself; None where the store has none."""
        content_key(sha256)
        return None

    def local_path(self, sha256: str) -> Path | None:
        """Return the file itself; None where contents are not local files."""
        content_key(sha256)
        return None

    @abstractmethod
    def prepare(self) -> None:
        """Create what the store needs (folder, bucket); harmless when it is there."""

    @abstractmethod
    def check(self) -> None:
        """Raise StorageError with the reason when contents cannot be kept or read now."""

    @abstractmethod
    def stat(self, sha256: str) -> int:
        """Return the size."""

    @abstractmethod
    def open(self, sha256: str) -> BinaryIO:
        """Open for reading, with seek; the caller closes."""

    @abstractmethod
    def open_range(
        self, sha256: str, start: int = 0, length: int | None = None, *, piece: int = CHUNK
    ) -> Iterator[bytes]:
        """Stream a range (to the end without `length`) in pieces of at most so many bytes."""

    @abstractmethod
    def delete(self, sha256: str) -> None:
        """Forget a content; harmless when it is gone."""

    @abstractmethod
    def iter_contents(self) -> Iterator[StoredContent]:
        """Yield every content in order of the hash, in bounded memory."""

    @abstractmethod
    def clear_leftovers(self, *, older_than: timedelta, dry_run: bool = False) -> Leftovers:
        """Remove what interrupted puts left invisible, and what was set aside long ago."""

    @abstractmethod
    def set_aside(self, sha256: str) -> None:
        """Move the bytes under a hash out of reach, to be looked at; harmless when it has none."""

    @abstractmethod
    def _take(self, path: Path, sha256: str, size: int) -> None:
        """Make the bytes of `path` visible under their hash in one step."""

    def hashes(self, path: Path, size: int) -> bool:
        """Tell whether `put` reads this file anyway and refuses bytes of another hash itself."""
        return False

    def _renew(self, sha256: str) -> None:
        """Start the grace time of a content again, where the store can: a run reuses it."""
        content_key(sha256)

    def _copy_out(self, sha256: str, target: Path) -> None:
        copy_hashed(self.open_range(sha256), target, sha256)

    def _holds(self, sha256: str, size: int) -> bool:
        try:
            return self.stat(sha256) == size
        except NotFoundError:
            return False


def check_range(start: int, length: int | None) -> None:
    """Refuse negative numbers before a store gives them a meaning of its own."""
    if start < 0 or (length is not None and length < 0):
        raise InvalidInputError(f"Not a range: start {start}, length {length}")


def copy_hashed(chunks: Iterator[bytes], target: Path, sha256: str) -> None:
    """Write the chunks to a file on disk; raise IntegrityError when their hash is another."""
    digest = hashlib.sha256()
    with target.open("wb") as file:
        for chunk in chunks:
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    check_hash(digest.hexdigest(), sha256)


def check_hash(actual: str, expected: str) -> None:
    """Raise IntegrityError with both hashes unless they are one."""
    if actual != expected:
        raise IntegrityError(
            f"The sha256 is {actual}, published was {expected}",
            kind="sha256",
            expected=expected,
            actual=actual,
        )


@contextmanager
def fresh_file(folder: Path) -> Iterator[Path]:
    """Lend an unused path in `folder`; whatever stays there on the way out is removed."""
    path = folder / f".{uuid.uuid4().hex}.partial"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _check_staged(path: Path, size: int) -> None:
    with local_faults(f"Staging file {path.name}"):
        found = path.lstat()
    if not stat_modes.S_ISREG(found.st_mode):
        raise InvalidInputError(f"Staging file {path.name} is not a regular file")
    if found.st_size != size:
        raise IntegrityError(
            f"Staging file {path.name} has {found.st_size} bytes instead of {size}",
            expected=size,
            actual=found.st_size,
        )
