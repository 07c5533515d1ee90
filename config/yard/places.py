"""Where one yard keeps what: everything under STATE_DIR, sockets where their paths fit."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

LONGEST_SOCKET_DIR = 76  # a socket path may have 103 bytes on macOS, 107 on Linux; names need 27
SHORT_BASE = Path("/tmp")  # noqa: S108 `make_private` insists on owner and mode
PLAIN = re.compile(r"[A-Za-z0-9/._-]+")


class YardError(Exception):
    """Something the person who starts the yard must know; the text is all that is shown."""


@dataclass(frozen=True)
class Places:
    """The folders of one yard. Two yards with different STATE_DIR share none of them."""

    state: Path

    @property
    def run(self) -> Path:
        return self.state / "run"

    @property
    def log(self) -> Path:
        return self.state / "log"

    @property
    def sockets(self) -> Path:
        """A folder for sockets: under STATE_DIR, or a private one in /tmp where that is too long.

        Blanks count as too long: not every program that is handed a socket path can quote one.
        """
        near = self.state / "run" / "s"
        if len(os.fsencode(near)) <= LONGEST_SOCKET_DIR and PLAIN.fullmatch(str(near)):
            return near
        digest = hashlib.sha256(os.fsencode(self.state)).hexdigest()[:12]
        return SHORT_BASE / f"modelyard-{os.getuid()}-{digest}"

    def socket(self, name: str) -> Path:
        return self.sockets / f"{name}.sock"

    def clear_sockets(self) -> None:
        """Remove the folder of sockets once nothing listens there."""
        shutil.rmtree(self.sockets, ignore_errors=True)

    def make(self) -> None:
        """Make the folders, readable by this user alone."""
        for folder in (self.state, self.run, self.log, self.sockets):
            make_private(folder, exact=folder == self.sockets)


def make_private(folder: Path, *, exact: bool) -> None:
    """Make a folder of ours; where others may have made it first, insist on owner and mode."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise YardError(f"Cannot make {folder}: {error.strerror}.") from error
    found = folder.lstat()
    if not os.access(folder, os.W_OK):
        raise YardError(f"{folder} belongs to another user; choose another STATE_DIR.")
    if exact:
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise YardError(f"{folder} was made by somebody else; remove it and try again.")
        folder.chmod(0o700)
