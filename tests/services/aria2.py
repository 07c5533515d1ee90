"""A real aria2 for tests, run by the same command as the yard's own."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from downloads.fetchers.aria2 import Aria2Fetcher
from downloads.fetchers.daemon import Aria2Daemon
from tests.services.ports import free_ports

PATIENCE = 30.0


class RunningAria2:
    """Start, kill and restart one daemon."""

    def __init__(self, folder: Path) -> None:
        (port,) = free_ports(1)
        self.daemon = Aria2Daemon(
            binary=shutil.which("aria2c") or "",
            staging=folder / "staging",
            session=folder / "aria2" / "session",
            port=port,
            secret="s3cret-of-the-test",
        )
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.daemon.make()
        self.process = subprocess.Popen(
            self.daemon.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        probe = self.fetcher(self.daemon.staging)
        deadline = time.monotonic() + PATIENCE
        while probe.unavailable():
            assert self.process.poll() is None, "aria2 ended at start"
            assert time.monotonic() < deadline, probe.unavailable()
            time.sleep(0.05)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def fetcher(self, staging: Path, **options) -> Aria2Fetcher:
        options = {"guard": lambda url: None, "poll": 0.05, "pause": 0.05, **options}
        return Aria2Fetcher(self.daemon.url, self.daemon.secret, staging, **options)


@pytest.fixture(scope="session")
def aria2(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAria2]:
    if not shutil.which("aria2c"):
        pytest.skip("aria2c is not installed")
    running = RunningAria2(tmp_path_factory.mktemp("aria2"))
    running.start()
    try:
        yield running
    finally:
        running.kill()
