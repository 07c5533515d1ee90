"""What the yard knows of files on this machine that it has read before."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Final

from catalog.models import LocalFile

BATCH: Final = 5000


def file_key(root: Path, path: str) -> str:
    """Name a file's row: paths are too long and too odd for an index."""
    return hashlib.sha256(os.fsencode(root / path)).hexdigest()


class RememberedFiles:
    """Files by their stamps, in rows: read once, whatever process asks next."""

    def recall(self, root: Path, stamps: Mapping[str, str]) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for paths in _batches(stamps):
            keys = {file_key(root, path): path for path in paths}
            rows = LocalFile.objects.filter(key__in=keys).values_list("key", "stamp", "sha256")
            found |= {
                keys[key]: sha256 for key, stamp, sha256 in rows if stamps[keys[key]] == stamp
            }
        return found

    def keep(self, root: Path, path: str, *, stamp: str, size: int, sha256: str) -> None:
        LocalFile.objects.update_or_create(
            key=file_key(root, path),
            defaults={"path": str(root / path), "stamp": stamp, "size": size, "sha256": sha256},
        )


def _batches(stamps: Mapping[str, str]) -> Iterator[list[str]]:
    paths = iter(stamps)
    while batch := list(islice(paths, BATCH)):
        yield batch
