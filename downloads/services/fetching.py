"""Bring every missing file of a version into staging, several at once."""

from __future__ import annotations

import shutil
from pathlib import Path

from django.conf import settings

from core.errors import StorageFullError
from core.storage.faults import local_faults
from downloads.policy import bytes_missing, space_needed
from downloads.services import rows
from downloads.services.mover import Keep, Mover
from downloads.services.reuse import reuse_stored
from downloads.services.transfer import Transfer
from registry.models import ModelFile


def fetch(transfer: Transfer, *, keep: Keep | None = None) -> None:
    """Bring every missing file into staging, continuing what an earlier worker left there.

    `keep` is called in a thread of its own for each file that is whole, while others still move.
    What it cannot keep is left in staging for the step that verifies.
    """
    with local_faults(f"Staging folder {settings.STAGING_DIR}"):
        settings.STAGING_DIR.mkdir(parents=True, exist_ok=True)
    reuse_stored(transfer.version)
    files = transfer.waiting()
    _reserve(transfer, files)
    rows.prepare(transfer.run, transfer.version.model.source, files)
    Mover(transfer, rows.to_move(transfer.run, transfer.version), keep=keep).work()


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
    """Bytes on disk, not the length: files with several connections have holes."""
    try:
        return path.stat().st_blocks * 512
    except FileNotFoundError:
        return 0
