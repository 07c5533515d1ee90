"""A whole yard as a person starts it, with its own state and port, in processes of its own."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from config.settings.env import BASE_DIR
from config.yard.launch import marked
from config.yard.services import wait_until

PATIENCE = 240.0
GIVEN = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "MODELYARD_TEST_SERVICES")


def _alive(processes: list[psutil.Process]) -> Iterator[tuple[psutil.Process, dict[str, Any]]]:
    """Give the processes with their parent and birth; one may end while it is looked at."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            yield process, process.as_dict(["ppid", "create_time"])


class RunningYard:
    """One `python -m config.yard up` with its own state and port."""

    def __init__(self, folder: Path, *, port: int, name: str = "out", **settings: str) -> None:
        self.state = folder / "state"
        self.port = port
        self.log = folder / f"{name}.log"
        kept = {key: value for key, value in os.environ.items() if key not in GIVEN}
        self.environ = {
            **kept,
            "STATE_DIR": str(self.state),
            "APP_PORT": str(port),
            "SKIP_SYSTEM_PACKAGES": "1",
            "WEB_WORKERS": "1",
            **settings,
        }
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "config.yard", "up"],
                cwd=BASE_DIR,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_ready(self) -> None:
        def ready() -> bool:
            return "is ready at" in self.said() or self.process.poll() is not None

        assert wait_until(ready, seconds=PATIENCE), self.said()
        assert self.process.poll() is None, self.said()

    def status(self, path: str) -> int:
        connection = http.client.HTTPConnection("localhost", self.port, timeout=30)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            return 0
        finally:
            connection.close()

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Stop it as Ctrl-C does, which reaches the whole group; give the exit code."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)
        return self.process.wait(timeout=PATIENCE)

    def main_of(self, program: str) -> psutil.Process | None:
        """Find the first process of a program: the child of supervisord."""
        daemons = marked(str(self.state), program="supervisord")  # and what it is just starting
        born = {process.pid: facts["create_time"] for process, facts in _alive(daemons)}
        daemon = min(born, key=lambda pid: born[pid])
        mains = _alive(marked(str(self.state), program=program))
        return next((process for process, facts in mains if facts["ppid"] == daemon), None)

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=BASE_DIR,
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
        )
