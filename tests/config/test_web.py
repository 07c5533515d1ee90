"""The web processes: one for each socket, forked from one that loaded the application."""

from __future__ import annotations

import http.client
import os
import select
import signal
import socket
import subprocess
from contextlib import ExitStack, closing

import psutil
import pytest

from config.settings.env import BASE_DIR, env
from config.yard import programs
from config.yard.places import Places
from config.yard.services import wait_until
from tests.services.sending import PATIENCE


class Connection(http.client.HTTPConnection):
    def __init__(self, path) -> None:
        super().__init__("localhost")
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self.path))


def answers(path) -> bool:
    try:
        with closing(Connection(path)) as connection:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False


@pytest.fixture
def web(tmp_path):
    places = Places(tmp_path / "yard")
    places.make()
    program = programs.web(env.model_copy(update={"WEB_WORKERS": 2}), places)
    own = {"STATE_DIR": str(places.state), "SECRET_KEY": "x" * 50, **program.environ}
    none = {"DATABASE_URL": "postgresql://nobody@/none", "REDIS_URL": "redis://127.0.0.1:1/0"}
    process = subprocess.Popen(program.argv, cwd=BASE_DIR, env={**os.environ, **none, **own})
    try:
        for path in program.sockets:
            assert wait_until(lambda path=path: answers(path), seconds=PATIENCE)
        yield psutil.Process(process.pid), program.sockets
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        places.clear_sockets()


def test_each_process_has_a_socket_of_its_own_for_this_user_alone(web):
    main, sockets = web
    assert {path.stat().st_mode & 0o777 for path in sockets} == {0o600}
    first, second = main.children()
    first.suspend()
    with ExitStack() as stack:
        waiting = {path: stack.enter_context(closing(Connection(path))) for path in sockets}
        for connection in waiting.values():
            connection.request("GET", "/health")
        (one,) = ready(waiting.values(), seconds=PATIENCE)
        heard, silent = sorted(sockets, key=lambda path: waiting[path].sock is not one)
        assert all(answers(heard) for _ in range(20))
        assert not ready([waiting[silent]], seconds=0)
        first.resume()
        assert waiting[silent].getresponse().status == 200
    assert second.is_running()


def ready(connections, *, seconds):
    """Which of them have something to read, within so long."""
    return select.select([one.sock for one in connections], [], [], seconds)[0]


def test_a_killed_process_is_replaced_at_its_socket(web):
    main, sockets = web
    for victim in main.children():
        victim.kill()
        for path in sockets:
            assert wait_until(lambda path=path: answers(path), seconds=PATIENCE)
    assert wait_until(lambda: len(main.children()) == 2, seconds=PATIENCE)
