"""A way to a server on which all that clients send is heard, and answers may be cut."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.clients.cutter import CHUNK, Cutter


class Recorder(Cutter):
    """Remembers what was sent to the server; bodies and heads alike."""

    def __init__(self, port: int) -> None:
        super().__init__(port, [], reset=False)
        self.heard: list[bytes] = []

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, client: socket.socket, yard: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(CHUNK):
                self.heard.append(data)
                yard.sendall(data)
            yard.shutdown(socket.SHUT_WR)

    def said(self) -> bytes:
        """Give what was heard since the last time."""
        heard, self.heard = self.heard, []
        return b"".join(heard)


@contextmanager
def recording(port: int) -> Iterator[Recorder]:
    recorder = Recorder(port)
    thread = threading.Thread(target=recorder.serve)
    thread.start()
    try:
        yield recorder
    finally:
        recorder.listener.shutdown(socket.SHUT_RDWR)
        recorder.listener.close()
        thread.join()
