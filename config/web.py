"""The web processes: `python -m config.web SOCKET ...` serves pages, REST and the Hub protocol.

The application is loaded once and the processes are forked from it, so what they only read they
have together, and one that dies is replaced at once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.mp import MPServer, WorkerProcess

import config.wsgi  # noqa: F401 loaded before the fork
from config.settings.env import env

_KILLED_AFTER = 8  # seconds; the supervisor waits for twelve


class Web(MPServer):
    """Granian, with a process for each socket.

    Which of several at one socket takes a connection is chance, and the front keeps connections:
    one process had up to all of the work.
    """

    def __init__(self, sockets: list[Path], **options: Any) -> None:
        super().__init__("config.wsgi:application", workers=len(sockets), **options)
        self._sockets = sockets
        self._listeners: list[tuple[Any, Any]] = []

    def _init_shared_socket(self) -> None:
        for socket in self._sockets:
            self.bind_uds = socket
            super()._init_shared_socket()  # type: ignore[no-untyped-call]
            self._listeners.append((self._shd, self._sso))

    def _spawn_worker(  # type: ignore[override] # its base has another signature than it has itself
        self, idx: int, target: Callable[..., None], callback_loader: Callable[..., Any]
    ) -> WorkerProcess:
        self._shd, self._sso = self._listeners[idx]
        return super()._spawn_worker(idx, target, callback_loader)


def main(sockets: list[Path]) -> None:
    Web(
        sockets,
        uds_permissions=0o600,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        blocking_threads=env.WEB_THREADS,
        respawn_failed_workers=True,
        workers_kill_timeout=_KILLED_AFTER,
        log_level=LogLevels.warning,
        log_dictconfig=settings.LOGGING,
    ).serve()


if __name__ == "__main__":
    main([Path(word) for word in sys.argv[1:]])
