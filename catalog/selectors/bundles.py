"""Which bundles a caller may follow, and which wait to be taken in."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db.models import Q, QuerySet

from catalog.models import BundleExport
from core.errors import NotFoundError
from core.storage.faults import local_faults
from registry.callers import Caller
from registry.enums import Scope

SUFFIX = ".tar"


@dataclass(frozen=True, slots=True)
class WaitingBundle:
    """A file in MODELS_DIR/bundles; nothing is known of what it holds."""

    name: str
    size: int
    changed_at: datetime


def imports_folder() -> Path:
    """Where bundles are put that came by a disk."""
    folder: Path = settings.MODELS_DIR / "bundles"
    return folder


def waiting_bundles(limit: int = 200) -> list[WaitingBundle]:
    """List the bundles in the folder, the newest first; a folder that is not there is empty."""
    found = []
    with local_faults(f"Folder {imports_folder()}"):
        if not imports_folder().is_dir():
            return []
        for path in imports_folder().iterdir():
            if path.suffix == SUFFIX and not path.is_symlink() and path.is_file():
                known = path.stat()
                changed = datetime.fromtimestamp(known.st_mtime, UTC)
                found.append(WaitingBundle(path.name, known.st_size, changed))
    return sorted(found, key=lambda one: one.changed_at, reverse=True)[:limit]


def place_of(name: str) -> Path:
    """Return the file that an import names: in the folder, or where an absolute path says."""
    path = Path(name) if Path(name).is_absolute() else imports_folder() / Path(name).name
    with local_faults(f"Bundle {path.name}"):
        try:
            found = path.lstat()
        except FileNotFoundError as error:
            raise NotFoundError(
                f"There is no bundle {path.name} in {path.parent} on this machine."
            ) from error
    if not stat.S_ISREG(found.st_mode):
        raise NotFoundError(f"{path.name} is not a plain file.")
    return path


def exports_for(caller: Caller) -> QuerySet[BundleExport]:
    """Give exports that this person asked for; an admin follows all."""
    if caller.user_id is None:
        return BundleExport.objects.none()
    mine = Q(asked_by_id=caller.user_id)
    shown = BundleExport.objects.select_related("run")
    return shown if caller.may(Scope.ADMIN) else shown.filter(mine)
