"""A store that is far away, with the contents that were used last on local disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, Final

from core.storage.base import (
    CHUNK,
    ContentStore,
    Leftovers,
    StoredContent,
    check_range,
    content_key,
    copy_hashed,
)
from core.storage.cache import DiskCache
from core.storage.faults import local_faults

WORTH: Final = 1 << 20  # bytes from which a whole read keeps a copy on the way


class CachedContentStore(ContentStore):
    """Keep contents in `store` and copies in `cache`: what is there and what is not, `store` says.

    A copy is hashed when it is made. Without room for one, or with its disk full, bytes come from
    the store: nothing ever fails for want of a cache.
    """

    def __init__(self, store: ContentStore, cache: DiskCache) -> None:
        self.store = store
        self.cache = cache

    def prepare(self) -> None:
        self.store.prepare()

    def check(self) -> None:
        self.store.check()

    def stat(self, sha256: str) -> int:
        return self.store.stat(sha256)

    def url(self, sha256: str, *, expires: int, filename: str) -> str | None:
        return self.store.url(sha256, expires=expires, filename=filename)

    def iter_contents(self) -> Iterator[StoredContent]:
        return self.store.iter_contents()

    def hashes(self, path: Path, size: int) -> bool:
        return self.store.hashes(path, size)

    def read_stored(self, sha256: str) -> Iterator[bytes]:
        return self.store.read_stored(sha256)

    def clear_leftovers(self, *, older_than: timedelta, dry_run: bool = False) -> Leftovers:
        if not dry_run:
            self.cache.clear()
        return self.store.clear_leftovers(older_than=older_than, dry_run=dry_run)

    def delete(self, sha256: str) -> None:
        self.cache.forget(sha256)
        self.store.delete(sha256)

    def set_aside(self, sha256: str) -> None:
        self.cache.forget(sha256)
        self.store.set_aside(sha256)

    def open(self, sha256: str) -> BinaryIO:
        return self._open_copy(sha256) or self.store.open(sha256)

    def open_range(
        self, sha256: str, start: int = 0, length: int | None = None, *, piece: int = CHUNK
    ) -> Iterator[bytes]:
        check_range(start, length)
        copy = self._open_copy(sha256)
        if copy is not None:
            return _chunks(copy, sha256, start, length, piece)
        chunks = self.store.open_range(sha256, start, length, piece=piece)
        whole = start == 0 and length is not None and length >= WORTH
        if whole and length is not None and length == self.store.stat(sha256):
            return self._kept_on_the_way(sha256, length, chunks)
        return chunks

    def _take(self, path: Path, sha256: str, size: int) -> None:
        """The staging file becomes the copy: what was just stored is scanned next."""
        taken = False

        def store(partial: Path) -> Path | None:
            nonlocal taken
            near = path.stat().st_dev == partial.stat().st_dev
            if not near:
                shutil.copyfile(path, partial)
            self.store._take(path, sha256, size)  # noqa: SLF001 one store in two parts
            taken = True
            return path if near else None

        self.cache.add(sha256, size, store)
        if not taken:
            self.store._take(path, sha256, size)  # noqa: SLF001 one store in two parts

    def _renew(self, sha256: str) -> None:
        self.store._renew(sha256)  # noqa: SLF001 one store in two parts

    def _copy_out(self, sha256: str, target: Path) -> None:
        copy = self._copy_of(sha256)
        if copy is None or not _linked(copy, target):
            super()._copy_out(sha256, target)

    def _copy_of(self, sha256: str) -> Path | None:
        """Give the copy, made now where there is none yet."""
        found = self.cache.find(sha256)
        if found is not None:
            return found
        size = self.store.stat(sha256)
        return self.cache.add(
            sha256, size, lambda part: copy_hashed(self.store.open_range(sha256), part, sha256)
        )

    def _open_copy(self, sha256: str) -> BinaryIO | None:
        """Open the copy: it may be evicted from then on and is read to its end all the same."""
        content_key(sha256)
        path = self.cache.find(sha256)
        if path is None:
            return None
        try:
            return path.open("rb")
        except OSError:
            return None

    def _kept_on_the_way(
        self, sha256: str, length: int, chunks: Iterator[bytes]
    ) -> Iterator[bytes]:
        """Pass the chunks on and write them to a copy, which counts only if all came and are right.

        A full disk ends the copy, never the reading.
        """
        copy, left = self.cache.begin(sha256, length), length
        try:
            for chunk in chunks:
                copy.write(chunk)
                left -= len(chunk)
                if not left:
                    copy.finish()  # before the last is given: who has all of them asks no more
                yield chunk
        finally:
            copy.close()


def _linked(copy: Path, target: Path) -> bool:
    """Place the copy at `target`; False where it was evicted meanwhile or lies on another disk."""
    try:
        os.link(copy, target)
    except OSError:
        return False
    return True


def _chunks(
    file: BinaryIO, sha256: str, start: int, length: int | None, piece: int
) -> Iterator[bytes]:
    with file, local_faults(f"Copy of {sha256}"):
        file.seek(start)
        left = length
        while left is None or left > 0:
            chunk = file.read(piece if left is None else min(piece, left))
            if not chunk:
                return
            left = None if left is None else left - len(chunk)
            yield chunk
