"""The programs that send bytes, by the commands of `make up` on the database of a test."""

from __future__ import annotations

import http.client
import os
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection

from config.settings.env import BASE_DIR, env
from config.yard import programs
from config.yard.places import Places
from config.yard.programs import Program
from config.yard.services import wait_until
from tests.services.ports import free_port

PATIENCE = 120.0


@dataclass(frozen=True)
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


class Sending:
    """Web, streams and front; settings are given as the environment gives them."""

    def __init__(self, folder: Path, **given: str) -> None:
        self.port = free_port()
        self.places = Places(folder / "yard")
        self.places.make()
        (self.places.state / "static").mkdir()
        self.store = folder / "store"
        self.environ = {
            **os.environ,
            "DATABASE_URL": _address_of_the_test_database(),
            "STATE_DIR": str(self.places.state),
            "STORE_DIR": str(self.store),
            "APP_PORT": str(self.port),
            "SECRET_KEY": settings.SECRET_KEY,
            "ALLOWED_HOSTS": "127.0.0.1,localhost",
            "TRUST_FRONT": "true",
            **given,
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._stack = ExitStack()

    def start(self) -> Sending:
        mine = env.model_copy(
            update={"APP_PORT": self.port, "STORE_DIR": self.store, "WEB_WORKERS": 1}
        )
        self.run(programs.web(mine, self.places))
        self.run(programs.streams(mine, self.places))
        self.start_front(mine)
        self.insist(lambda: self.status_of("/ready") == 200)
        self.insist(lambda: self.status_of("/-bytes/none") == 403)
        return self

    def start_front(self, mine: object) -> None:
        self.run(programs.front(mine, self.places))

    def run(self, program: Program) -> None:
        """Start it as `make up` does, but for the supervisor."""
        for socket in program.sockets:
            socket.unlink(missing_ok=True)
        log = self._stack.enter_context((self.places.log / program.name).open("ab"))
        self.processes[program.name] = subprocess.Popen(
            program.argv,
            cwd=BASE_DIR,
            env={**self.environ, **program.environ},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )

    def insist(self, answers) -> None:
        assert wait_until(answers, seconds=PATIENCE), self.said()

    def said(self) -> str:
        return "\n".join(file.read_text(errors="replace") for file in self.places.log.iterdir())

    def status_of(self, path: str) -> int:
        try:
            return self.ask("GET", path).status
        except OSError:
            return 0

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None) -> Reply:
        """One request over a connection of its own, through the front."""
        asking = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            asking.request(method, path, headers=headers or {})
            answer = asking.getresponse()
            return Reply(answer.status, answer.headers, answer.read())
        finally:
            asking.close()

    def stop(self) -> None:
        for process in reversed(self.processes.values()):
            process.terminate()
        for process in self.processes.values():
            process.wait(timeout=PATIENCE)
        self._stack.close()
        self.places.clear_sockets()


def _address_of_the_test_database() -> str:
    name = connection.settings_dict["NAME"]
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
