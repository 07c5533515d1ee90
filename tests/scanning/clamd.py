"""A real clamd with signatures of our own, for tests."""

from __future__ import annotations

import getpass
import hashlib
import io
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyclamd

from scanning.scanners import ClamdAddress, ScannerOptions
from scanning.scanners._clamd_conf import render_clamd_conf
from scanning.scanners.clamav import ClamAv

BINARY = shutil.which("clamd") or shutil.which("clamd", path="/usr/sbin:/usr/local/sbin")
MARKED = b"modelyard test content with a local signature\n"
_START_SECONDS = 60


def eicar() -> bytes:
    """The standard test file, put together from its halves so that no source file holds it."""
    return rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def write_signatures(database: Path) -> None:
    database.mkdir()
    digest = hashlib.md5(MARKED, usedforsecurity=False).hexdigest()
    (database / "local.hdb").write_text(f"{digest}:{len(MARKED)}:Yard.Test.Marked\n")
    (database / "local.ndb").write_text(f"Eicar-Test-Signature:0:*:{eicar().hex()}\n")


def publish_signatures(
    address: ClamdAddress, number: int, *contents: bytes, database: Path | None = None
) -> None:
    """Let a running clamd load signatures of these contents as the daily ones of this number."""
    daily = "".join(
        f"{hashlib.md5(one, usedforsecurity=False).hexdigest()}:{len(one)}:Yard.Test.Daily{n}\n"
        for n, one in enumerate(contents)
    ).encode()
    head = f"ClamAV-VDB:22 Nov 2026 08-00 +0000:{number}:{len(contents)}:90:X:X:yard:{number}"
    told = f"{head}\ndaily.hdb:{len(daily)}:{hashlib.sha256(daily).hexdigest()}\n".encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in (("daily.info", told), ("daily.hdb", daily)):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    folder = database or Path(address.socket).parent / "db"
    part = folder.with_name("daily.part")
    part.write_bytes(head.ljust(512).encode() + packed.getvalue())
    part.rename(folder / "daily.cud")  # a database that is not signed
    pyclamd.ClamdUnixSocket(address.socket).reload()
    scanner, deadline = ClamAv(ScannerOptions(clamd=address)), time.monotonic() + _START_SECONDS
    while not scanner.engine.endswith(f"/{number}"):
        assert time.monotonic() < deadline, scanner.engine
        time.sleep(0.05)


@contextmanager
def running_clamd(**changes: str) -> Iterator[tuple[ClamdAddress, subprocess.Popen[bytes]]]:
    """Start clamd on a socket; `changes` replace lines of its configuration."""
    # Not pytest's tmp_path: a socket's path may be 107 bytes long at most.
    with tempfile.TemporaryDirectory(prefix="clamd") as name:
        folder = Path(name)
        write_signatures(folder / "db")
        conf = render_clamd_conf(
            socket=folder / "clamd.sock",
            database=folder / "db",
            scratch=folder,
            user=getpass.getuser(),
        )
        lines = [line for line in conf.splitlines() if line.split()[0] not in changes]
        lines += [f"{key} {value}" for key, value in changes.items()]
        (folder / "clamd.conf").write_text("\n".join(lines) + "\n")
        log = (folder / "log").open("wb")
        process = subprocess.Popen(
            [str(BINARY), "-c", str(folder / "clamd.conf")], stdout=log, stderr=log
        )
        try:
            _wait(folder / "clamd.sock", process, folder / "log")
            yield ClamdAddress(socket=str(folder / "clamd.sock")), process
        finally:
            process.kill()
            process.wait()
            log.close()


def _wait(socket: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    scanner = ClamAv(ScannerOptions(clamd=ClamdAddress(socket=str(socket))))
    deadline = time.monotonic() + _START_SECONDS
    while scanner.unavailable():
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"clamd did not start: {log.read_text()}")
        time.sleep(0.05)
