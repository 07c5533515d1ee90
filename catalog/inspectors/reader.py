"""Read a pinned version at its source, checking small files against their published hash."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from catalog.sources.base import Listing, RemoteFile, Source
from core.errors import (
    IntegrityError,
    ModelyardError,
    TooLargeError,
    UpstreamForbiddenError,
    UpstreamNotFoundError,
)

_TRIES = 2


class SourceReader:
    """The Reader of what has not been fetched yet; a whole file is asked for once."""

    def __init__(self, source: Source, listing: Listing) -> None:
        self._source = source
        self._ref = listing.ref
        self._files = {file.path: file for file in listing.files}
        self._kept: dict[str, bytes] = {}
        self.was_refused = False  # a file that is there: with another token it may be readable

    def has(self, path: str) -> bool:
        return path in self._files

    def size(self, path: str) -> int:
        return self._file(path).size

    def read_text(self, path: str, limit: int) -> bytes:
        file = self._file(path)
        if file.size > limit:
            raise TooLargeError(f"{path} has {file.size} bytes; {limit} are read", limit=limit)
        if file.size == 0:
            return b""
        if path not in self._kept:
            self._kept[path] = self._verified(file)
        return self._kept[path]

    def read_range(self, path: str, start: int, end: int) -> bytes:
        end = min(end, self._file(path).size)
        if start >= end:
            return b""
        with self._noting():
            return self._source.read_range(self._ref, path, start, end)

    def _verified(self, file: RemoteFile) -> bytes:
        for _ in range(_TRIES):
            try:
                with self._noting():
                    content = self._source.read_text(self._ref, file.path, file.size)
            except TooLargeError:
                continue  # longer than its own listing says
            if is_published(content, file):
                return content
        raise IntegrityError(
            f"{file.path} differs from what the source published",
            path=file.path,
            expected=file.sha256 or file.git_oid,
        )

    @contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except ModelyardError as error:
            self.was_refused |= isinstance(error, UpstreamForbiddenError)
            self.was_refused |= bool(error.details.get("needs_token"))
            raise

    def _file(self, path: str) -> RemoteFile:
        try:
            return self._files[path]
        except KeyError:
            raise UpstreamNotFoundError(f"{self._ref.repo_id} has no file {path}") from None


def is_published(content: bytes, file: RemoteFile) -> bool:
    """Compare bytes with the hash of a file: sha256 of large files, the git blob id of others."""
    if len(content) != file.size:
        return False
    if file.sha256:
        return hashlib.sha256(content).hexdigest() == file.sha256
    # Git's own name of the content, no matter of security: it is all the source publishes.
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False)
    return file.git_oid is None or blob.hexdigest() == file.git_oid
