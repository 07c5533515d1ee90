"""A way to the yard that breaks: connections end after so many bytes, by FIN or by RST."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

CHUNK = 1 << 16
RST_AT_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER with no time left


class Cutter:
    """Passes bytes on; the first connection to bring `cuts[0]` of them to a client is cut there."""

    def __init__(self, port: int, cuts: list[int], *, reset: bool) -> None:
        self.upstream = port
        self.cuts = cuts
        self.reset = reset
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]

    def serve(self) -> None:
        with contextlib.suppress(OSError):  # the listener was closed
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self.connect, args=(client,), daemon=True).start()

    def connect(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self.upstream)) as yard:
            threading.Thread(target=self.ask, args=(client, yard), daemon=True).start()
            with contextlib.suppress(OSError):  # either side went away
                self.answer(client, yard)

    def ask(self, client: socket.socket, yard: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(CHUNK):
                yard.sendall(data)
            yard.shutdown(socket.SHUT_WR)

    def answer(self, client: socket.socket, yard: socket.socket) -> None:
        brought = 0
        while data := yard.recv(CHUNK):
            part = self.up_to_the_cut(brought, len(data))
            client.sendall(data[:part])
            brought += part
            if part < len(data):
                self.cut(client)
                return

    def up_to_the_cut(self, brought: int, more: int) -> int:
        with self.lock:
            if self.cuts and brought + more > self.cuts[0]:
                return max(0, self.cuts.pop(0) - brought)
        return more

    def cut(self, client: socket.socket) -> None:
        """End it: nothing is sent before the thread that reads has let go of the socket."""
        if self.reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST_AT_CLOSE)
        client.shutdown(socket.SHUT_RD if self.reset else socket.SHUT_RDWR)


@contextmanager
def cutting(port: int, cuts: list[int], *, reset: bool) -> Iterator[Cutter]:
    cutter = Cutter(port, cuts, reset=reset)
    thread = threading.Thread(target=cutter.serve)
    thread.start()
    try:
        yield cutter
    finally:
        cutter.listener.shutdown(socket.SHUT_RDWR)
        cutter.listener.close()
        thread.join()
