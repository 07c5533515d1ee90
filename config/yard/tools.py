"""Programs the yard uses when the machine has them: aria2 and clamd."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from config.yard.places import YardError

PACKAGES = {"aria2c": "aria2", "clamd": "clamav-daemon"}
SYSTEM_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin:/opt/homebrew/sbin:/opt/homebrew/bin"
SYSTEM_SIGNATURES = (Path("/var/lib/clamav"), Path("/opt/homebrew/var/lib/clamav"))
SIGNATURE_SUFFIXES = frozenset(
    {".cvd", ".cld", ".cud", ".hdb", ".hsb", ".mdb", ".msb", ".ndb", ".ldb", ".yar", ".yara"}
)
Say = Callable[[str], None]


def find(program: str) -> str:
    """Give the path of a program, in sbin too, which a PATH may lack ('' if absent)."""
    return shutil.which(program) or shutil.which(program, path=SYSTEM_FOLDERS) or ""


def install_missing(say: Say) -> None:
    """Install what is missing from Debian's packages when we are root there; never fail for it."""
    missing = [package for program, package in PACKAGES.items() if not find(program)]
    apt = shutil.which("apt-get")
    if not missing:
        return
    if os.geteuid() != 0 or not apt:
        names = " ".join(missing)
        say(f"not found: {names} (optional; on Debian or Ubuntu: sudo apt-get install {names})")
        return
    say(f"installing {' '.join(missing)} with apt-get (SKIP_SYSTEM_PACKAGES=1 leaves them out)")
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update"], ["install", "--yes", "--no-install-recommends", *missing]):
        done = subprocess.run(  # noqa: S603 fixed words
            [apt, "--quiet", *words],
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            say(f"apt-get {words[0]} failed: {last}; going on without")
            return


@dataclass(frozen=True)
class Clamd:
    """clamd with limits that let it look into large files; Debian's own call them clean unread."""

    folder: Path
    socket: Path

    @property
    def signatures(self) -> Path:
        """Where the yard's own signatures go; the machine's are used besides."""
        return self.folder / "signatures"

    @property
    def database(self) -> Path:
        """The folder that clamd reads: links to the files that count."""
        return self.folder / "database"

    def gather(self) -> None:
        """Link what there is by now: updates give files other names (`daily.cvd`, `daily.cld`).

        What is new comes before what is gone goes, so clamd never finds less than there is.
        """
        wanted = {file.name: file for file in self.databases()}
        linked = {link.name: link for link in self.database.iterdir()}
        stale = {name for name, link in linked.items() if wanted.get(name) != _target(link)}
        for name in wanted.keys() & stale:
            linked[name].unlink()
        for name in wanted.keys() - (linked.keys() - stale):
            (self.database / name).symlink_to(wanted[name])
        for name in stale - wanted.keys():
            linked[name].unlink()

    def databases(self) -> list[Path]:
        """List the signature files there are; of two with one name the yard's own counts."""
        found: dict[str, Path] = {}
        for folder in (self.signatures, *SYSTEM_SIGNATURES):
            if os.access(folder, os.R_OK | os.X_OK) and folder.is_dir():
                for file in sorted(folder.iterdir()):
                    if file.suffix in SIGNATURE_SUFFIXES:
                        found.setdefault(file.name, file)
        return list(found.values())

    def make(self) -> None:
        """Gather the signatures in the one folder that clamd reads, and configure it."""
        for folder in (self.signatures, self.database, self.folder / "tmp"):
            folder.mkdir(parents=True, exist_ok=True)
        self.gather()
        options = {
            "Foreground": "yes",
            "LocalSocket": quoted(self.socket),
            "LocalSocketMode": "600",
            "FixStaleSocket": "yes",
            "DatabaseDirectory": quoted(self.database),
            "TemporaryDirectory": quoted(self.folder / "tmp"),
            "MaxFileSize": "2047M",
            "MaxScanSize": "4095M",
            "StreamMaxLength": "4095M",
            "MaxScanTime": "900000",
            "AlertExceedsMax": "yes",
            "MaxThreads": "4",
            "ConcurrentDatabaseReload": "no",
        }
        lines = [f"{key} {value}" for key, value in options.items()]
        self.configuration.write_text("\n".join(lines) + "\n")

    @property
    def configuration(self) -> Path:
        return self.folder / "clamd.conf"

    def command(self) -> list[str]:
        return [find("clamd"), f"--config-file={self.configuration}"]


def _target(link: Path) -> Path | None:
    return link.readlink() if link.is_symlink() else None


def quoted(path: Path) -> str:
    if '"' in str(path):
        raise YardError(f"clamd cannot use a folder with a quotation mark in its name: {path}")
    return f'"{path}"'
