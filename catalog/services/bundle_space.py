"""Ask for the space of a bundle before its first byte is written."""

from __future__ import annotations

import shutil
from pathlib import Path

from core.errors import StorageFullError
from core.storage.faults import local_faults
from downloads.policy import space_needed


def require_space(folder: Path, missing: int) -> None:
    """Raise while the disk of this folder cannot hold so many bytes more; a run waits then."""
    with local_faults(f"Folder {folder}"):
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    needed = space_needed(missing)
    if needed > free:
        raise StorageFullError(
            f"This needs {needed / 1e9:.2f} GB of free space; {free / 1e9:.2f} GB are left.",
            needed_bytes=needed,
            free_bytes=free,
        )
