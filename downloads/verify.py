"""Whether bytes are what was published: one pass over a file, every digest we compare."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from core.errors import IntegrityError
from core.storage.faults import local_faults
from downloads.reading import read_ahead


@dataclass(frozen=True, slots=True)
class Digests:
    """What a file is: `git_blob_sha1` is the oid git gives a file that is not LFS ('' unread)."""

    sha256: str
    git_blob_sha1: str
    size: int


def hash_file(
    path: Path, *, git: bool = True, progress: Callable[[int], None] | None = None
) -> Digests:
    """Read a file once and return its digests; `progress` hears the bytes read so far.

    Without `git` its oid is left out: with it a large file takes twice the time.
    """
    with local_faults(f"File {path.name}"), FileIO(path) as file:
        size = path.stat().st_size
        sha256 = hashlib.sha256()
        sha1 = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
        done = 0
        with read_ahead(file, size) as blocks:
            for block in blocks:
                sha256.update(block)
                if git:
                    sha1.update(block)
                done += len(block)
                if progress:
                    progress(done)
    if done != size:
        raise IntegrityError(f"File {path.name} changed while it was read", actual=done)
    return Digests(sha256.hexdigest(), sha1.hexdigest() if git else "", size)


def check(
    digests: Digests, *, sha256: str = "", git_oid: str = "", size: int | None = None
) -> None:
    """Raise IntegrityError with expected and actual unless all that was published agrees."""
    compared = (
        ("size", size, digests.size),
        ("sha256", sha256.lower() or None, digests.sha256),
        ("git oid", git_oid.lower() or None, digests.git_blob_sha1),
    )
    for name, expected, actual in compared:
        if expected is not None and expected != actual:
            raise IntegrityError(
                f"The {name} is {actual}, published was {expected}",
                kind=name,
                expected=expected,
                actual=actual,
            )
