"""The processes of one run migrate a database once: the first one does, the others copy it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from django.db import connection

from tests.services import parallel

TEMPLATE = "migrated_for_tests"


class Turn:
    """One process at a time sees whether the template is there, and makes it if it is not."""

    def __init__(self, folder: Path) -> None:
        self.lock = (folder / "template.lock").open("w")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        self.makes = not _is_made()
        if not self.makes:
            connection.settings_dict["TEST"]["TEMPLATE"] = TEMPLATE  # Django applies what it lacks
            self.lock.close()

    def end(self) -> None:
        """Copy the database of this process, once it is migrated, for all others."""
        if self.makes:
            _make()
            self.lock.close()


def _is_made() -> bool:
    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE])
        return cursor.fetchone() is not None


def _make() -> None:
    """Nobody may be connected to what is copied, so our own connection ends."""
    name = connection.settings_dict["NAME"]
    connection.close()
    with connection._nodb_cursor() as cursor:
        quoted = connection.ops.quote_name
        cursor.execute(f"CREATE DATABASE {quoted(TEMPLATE)} TEMPLATE {quoted(name)}")


def folder_of_run() -> Path | None:
    """Give what the processes of a run share; None where one is alone, or the server stays."""
    shared = parallel.WORKER and os.environ.get(parallel.STARTED) == parallel.SERVER_ENDS
    return Path(os.environ["STATE_DIR"]).parent if shared else None
