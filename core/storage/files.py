"""Contents on a file system: `sha256/ab/cd/<hash>` under one root."""

from __future__ import annotations

import errno
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from core.errors import NotFoundError, StorageError
from core.storage.base import (
    CHUNK,
    KEPT_ASIDE,
    READ_ONLY,
    ContentStore,
    Leftovers,
    StoredContent,
    check_range,
    content_key,
    copy_hashed,
    fresh_file,
    is_sha256,
)
from core.storage.faults import local_faults


class FileContentStore(ContentStore):
    """Keep contents as read-only files, made visible by one rename after fsync.

    A root that was never prepared (or whose volume is not mounted) is StorageError: an empty
    mount point must not look like a store that lost everything, nor fill the disk below it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._shelves = root / "sha256"
        self._incoming = root / "incoming"
        self._aside = root / "quarantine"

    def prepare(self) -> None:
        with local_faults(f"Content store {self.root}"):
            self._shelves.mkdir(parents=True, exist_ok=True)
            self._incoming.mkdir(exist_ok=True)

    def check(self) -> None:
        self._require_root()
        try:
            with local_faults(f"Content store {self.root}"), fresh_file(self._incoming) as probe:
                probe.write_bytes(b"ready?")
        except NotFoundError as error:
            raise StorageError(f"Content store {self.root} cannot take files in") from error

    def stat(self, sha256: str) -> int:
        path = self._path(sha256)
        try:
            with local_faults(f"Content {sha256}"):
                return path.stat().st_size
        except NotFoundError:
            self._require_root()
            raise

    def open(self, sha256: str) -> BinaryIO:
        path = self._path(sha256)
        try:
            with local_faults(f"Content {sha256}"):
                return path.open("rb")
        except NotFoundError:
            self._require_root()
            raise

    def open_range(
        self, sha256: str, start: int = 0, length: int | None = None, *, piece: int = CHUNK
    ) -> Iterator[bytes]:
        check_range(start, length)
        return self._chunks(self.open(sha256), sha256, start, length, piece)

    def delete(self, sha256: str) -> None:
        path = self._path(sha256)
        self._require_root()
        with local_faults(f"Content {sha256}"), suppress(FileNotFoundError):
            path.unlink()
            _sync_folder(path.parent)

    def local_path(self, sha256: str) -> Path:
        self.stat(sha256)
        return self._path(sha256)

    def iter_contents(self) -> Iterator[StoredContent]:
        self._require_root()
        for entry in _walk(self._shelves, depth=2):
            if not is_sha256(entry.name):
                continue
            with suppress(FileNotFoundError):  # deleted while we walk
                found = entry.stat(follow_symlinks=False)
                modified = datetime.fromtimestamp(found.st_mtime, UTC)
                yield StoredContent(entry.name, found.st_size, modified)

    def clear_leftovers(self, *, older_than: timedelta, dry_run: bool = False) -> Leftovers:
        self._require_root()
        with local_faults(f"Content store {self.root}"):
            return _clear(self._incoming, older_than, dry_run=dry_run) + _clear(
                self._aside, max(older_than, KEPT_ASIDE), dry_run=dry_run
            )

    def set_aside(self, sha256: str) -> None:
        path = self._path(sha256)
        self._require_root()
        with local_faults(f"Content {sha256}"), suppress(FileNotFoundError):
            self._aside.mkdir(exist_ok=True)
            os.utime(path)  # it is kept for a time from now
            path.replace(self._aside / f"{sha256}.{uuid.uuid4().hex[:8]}")
            _sync_folder(path.parent)

    def hashes(self, path: Path, size: int) -> bool:
        """A file of another disk is copied, and hashed on the way."""
        with local_faults(f"Content store {self.root}"):
            return path.stat().st_dev != self._incoming.stat().st_dev

    def _take(self, path: Path, sha256: str, size: int) -> None:
        target = self._path(sha256)
        self._require_root()
        with local_faults(f"Content {sha256}"):
            self._make_shelf(target.parent)
            if not _move(path, target):
                self._copy_in(path, target, sha256)
            _sync_folder(target.parent)

    def _renew(self, sha256: str) -> None:
        with local_faults(f"Content {sha256}"):
            os.utime(self._path(sha256))

    def _copy_in(self, path: Path, target: Path, sha256: str) -> None:
        with path.open("rb") as source, fresh_file(self._incoming) as partial:
            copy_hashed(iter(lambda: source.read(CHUNK), b""), partial, sha256)
            partial.chmod(READ_ONLY)
            partial.replace(target)

    def _copy_out(self, sha256: str, target: Path) -> None:
        try:
            target.hardlink_to(self._path(sha256))
        except FileNotFoundError:
            self._require_root()
            raise
        except OSError as error:
            if error.errno not in {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP}:
                raise
            super()._copy_out(sha256, target)

    def _make_shelf(self, shelf: Path) -> None:
        for folder in (shelf.parent, shelf):
            with suppress(FileExistsError):
                folder.mkdir()
                _sync_folder(folder.parent)

    def _path(self, sha256: str) -> Path:
        return self.root / content_key(sha256)

    def _require_root(self) -> None:
        if not self._shelves.is_dir():
            raise StorageError(f"Content store {self.root} is not prepared, or not mounted")

    @staticmethod
    def _chunks(
        file: BinaryIO, sha256: str, start: int, length: int | None, piece: int
    ) -> Iterator[bytes]:
        with file, local_faults(f"Content {sha256}"):
            file.seek(start)
            while length is None or length > 0:
                chunk = file.read(piece if length is None else min(piece, length))
                if not chunk:
                    return
                if length is not None:
                    length -= len(chunk)
                yield chunk


def _move(path: Path, target: Path) -> bool:
    """Rename within one file system; False when the bytes have to be copied.

    A staging file with a second name is copied: writes through that name would change a content.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        if os.fstat(descriptor).st_nlink > 1:
            return False
        os.fchmod(descriptor, READ_ONLY)
        os.utime(descriptor)  # the grace time counts from now, not from the first byte
        os.fsync(descriptor)
        path.replace(target)
    except OSError as error:
        if error.errno == errno.EXDEV:
            return False
        raise
    finally:
        os.close(descriptor)
    return True


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _clear(folder: Path, older_than: timedelta, *, dry_run: bool) -> Leftovers:
    """Remove the files of a folder that nobody wrote to for that long."""
    cleared = Leftovers()
    if not folder.is_dir():
        return cleared
    for path in folder.iterdir():
        with suppress(FileNotFoundError):  # its put ended meanwhile
            found = path.stat()
            if time.time() - found.st_mtime > older_than.total_seconds():
                cleared += Leftovers(1, found.st_size)
                if not dry_run:
                    path.unlink()
    return cleared


def _walk(folder: Path, *, depth: int) -> Iterator[os.DirEntry[str]]:
    """Every file, in order of the names of folders and files; a million cost a few seconds."""
    with local_faults(f"Content store {folder}"), os.scandir(folder) as found:
        children = sorted(found, key=lambda entry: entry.name)
    for child in children:
        if depth == 0:
            yield child
        elif child.is_dir():
            yield from _walk(Path(child.path), depth=depth - 1)
