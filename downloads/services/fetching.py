"""Bring every missing file of a version into staging."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from core.errors import StorageFullError
from core.storage.faults import local_faults
from downloads.fetchers import FetchRequest, Progress
from downloads.fetchers.local import LocalFetcher
from downloads.fetchers.staging import is_complete
from downloads.policy import bytes_missing, space_needed
from downloads.services.reuse import reuse_stored
from downloads.services.transfer import Transfer
from registry.models import ModelFile


def fetch(transfer: Transfer) -> None:
    """Bring every missing file into staging, continuing what an earlier worker left there."""
    with local_faults(f"Staging folder {settings.STAGING_DIR}"):
        settings.STAGING_DIR.mkdir(parents=True, exist_ok=True)
    reuse_stored(transfer.version)
    files = transfer.waiting()
    _reserve(transfer, files)
    done, total = 0, sum(file.size for file in files)
    for file in files:
        transfer.checkpoint()
        before = done

        def arrived(progress: Progress, *, so_far: int = before, path: str = file.path) -> None:
            transfer.report(so_far + progress.done, total, path)

        fetch_one(transfer, file, arrived)
        done += file.size
        transfer.report(done, total, file.path)


def _reserve(transfer: Transfer, files: list[ModelFile]) -> None:
    """Refuse before the first byte when the disk cannot hold what is missing."""
    sizes = [(file.size, _staged_bytes(transfer.staging(file))) for file in files]
    missing = bytes_missing(sizes)
    needed = space_needed(missing)
    free = shutil.disk_usage(settings.STAGING_DIR).free
    if needed > free:
        raise StorageFullError(
            f"This needs {needed / 1e9:.2f} GB of free space; {free / 1e9:.2f} GB are left.",
            needed_bytes=needed,
            free_bytes=free,
        )


def _staged_bytes(path: Path) -> int:
    """Bytes on disk, not the length: aria2's files have holes."""
    try:
        return path.stat().st_blocks * 512
    except FileNotFoundError:
        return 0


def fetch_one(transfer: Transfer, file: ModelFile, arrived: Callable[[Progress], None]) -> None:
    """Bring one file into staging, whole; its hash is not looked at here."""
    staging = transfer.staging(file)
    if is_complete(staging, file.size):
        return
    link = transfer.links.link(file.path)
    request = FetchRequest(url=link.url, size=file.size, staging=staging, name=file.path)
    fetcher = LocalFetcher(link.folder) if link.folder else transfer.fetcher_for(file, link.token)
    fetcher.fetch(
        request,
        resolve=lambda: transfer.links.link(file.path).url,
        progress=arrived,
        cancelled=lambda: _stopped(transfer),
    )


def _stopped(transfer: Transfer) -> bool:
    transfer.checkpoint()  # raises what stopped it; a plain False goes on
    return False
