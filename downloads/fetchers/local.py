"""Copy a file of this machine: the store's bytes are its own, nobody else can change them."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from core.errors import IntegrityError, InvalidInputError, SourceChangedError
from core.folders import BLOCK, faults, in_words, open_below
from core.storage.faults import local_faults
from downloads.fetchers.base import Fetcher, FetchRequest, Trouble, Watch
from downloads.fetchers.staging import StagingFile, discard, has_holes
from downloads.fetchers.steering import Steering

SCHEME: Final = "file:"
_CANNOT: Final = {errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM}


class LocalFetcher(Fetcher):
    """Copy from below one folder, sharing blocks where the file system can (reflink), never inodes.

    A hard link would be quicker and leave the owner of the file able to change what was verified.
    """

    slug = "local"
    title = "Copy from this machine"

    def __init__(self, folder: Path, *, tries: int = 1, pause: float = 0) -> None:
        super().__init__(tries=tries, pause=pause)
        self._folder = folder

    def _attempt(
        self, request: FetchRequest, trouble: Trouble, watch: Watch, steering: Steering
    ) -> None:
        url = trouble.url
        if not url.startswith(SCHEME):
            raise InvalidInputError(f"{request.name} is no file of this machine")
        if has_holes(request.staging):
            discard(request.staging)
        source = open_below(self._folder, unquote(url.removeprefix(SCHEME)))
        try:
            self._check_size(source, request)
            with StagingFile(request.staging, request.size) as file:
                if file.length > request.size:
                    file.restart()
            done = _clone(source, request.staging, request.size, watch)
            if done < request.size:
                _copy(source, request, watch)
        finally:
            os.close(source)

    @staticmethod
    def _check_size(source: int, request: FetchRequest) -> None:
        actual = os.fstat(source).st_size
        if actual != request.size:
            raise IntegrityError(
                f"{request.name} has {actual} bytes instead of {request.size}",
                expected=request.size,
                actual=actual,
            )


def _clone(source: int, staging: Path, size: int, watch: Watch) -> int:
    """Let the kernel copy, without the bytes coming here; say how far it got."""
    with local_faults(f"Staging file {staging.name}"):
        target = os.open(staging, os.O_WRONLY | os.O_NOFOLLOW)
        try:
            done = os.fstat(target).st_size
            watch.beat(done)
            while done < size:
                moved = _clone_part(source, target, done, min(16 * BLOCK, size - done))
                if not moved:
                    break
                done += moved
                watch.beat(done)
            return done
        finally:
            os.close(target)


def _clone_part(source: int, target: int, at: int, count: int) -> int:
    try:
        return os.copy_file_range(source, target, count, at, at)
    except OSError as error:
        if error.errno in _CANNOT:
            return 0
        raise


def _copy(source: int, request: FetchRequest, watch: Watch) -> None:
    with StagingFile(request.staging, request.size) as file:
        at = file.length
        while at < request.size:
            with faults(in_words(request.name)):
                block = os.pread(source, min(BLOCK, request.size - at), at)
            if not block:
                raise SourceChangedError(f"{request.name} ended after {at} bytes")
            file.write(at, block)
            at += len(block)
            watch.beat(at)
