"""Bring every missing file of a version into staging, several at once."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from core.storage.faults import local_faults
from downloads.fetchers.staging import discard
from downloads.services import room, rows
from downloads.services.mover import Keep, Mover
from downloads.services.reuse import reuse_stored
from downloads.services.transfer import Transfer


def fetch(transfer: Transfer, *, keep: Keep | None = None) -> None:
    """Bring every missing file into staging, continuing what an earlier worker left there.

    `keep` is called in a thread of its own for each file that is whole, while others still move.
    What it cannot keep is left in staging for the step that verifies.
    """
    with local_faults(f"Staging folder {settings.STAGING_DIR}"):
        settings.STAGING_DIR.mkdir(parents=True, exist_ok=True)
    _reuse(transfer)
    files = transfer.waiting()
    rows.prepare(transfer.run, transfer.version.model.source, files)
    sizes = [(file.size, _staged_bytes(transfer.staging(file))) for file in files]
    room.reserve(transfer.run, sizes)
    Mover(transfer, rows.to_move(transfer.run, transfer.version), keep=keep).work()


def _reuse(transfer: Transfer) -> None:
    """Attach what is stored, and drop what a worker that died had staged of it."""
    wanted = transfer.waiting()
    if reuse_stored(transfer.version):
        missing = {file.pk for file in transfer.waiting()}
        for file in wanted:
            if file.pk not in missing:
                discard(transfer.staging(file))


def _staged_bytes(path: Path) -> int:
    """Bytes on disk, not the length: files with several connections have holes."""
    try:
        return path.stat().st_blocks * 512
    except FileNotFoundError:
        return 0
