"""A small load generator: keep-alive connections in one thread, each one request at a time.

It shares the processors with what it measures, so it does as little as possible itself.
"""

from __future__ import annotations

import selectors
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import _yard

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds of every request, sorted, and how many were answered per second."""

    seconds: tuple[float, ...]
    rate: float

    def at(self, share: float) -> float:
        """The time in milliseconds that this share of the requests stayed below."""
        return 1000 * self.seconds[min(len(self.seconds) - 1, int(share * len(self.seconds)))]


class _Connection:
    """One connection and the answer that it is waiting for."""

    def __init__(self, address: int | Path) -> None:
        self.socket = _yard.connect(address)
        self.began = 0.0
        self._answer = b""
        self._has_body = True

    def ask(self, message: bytes) -> None:
        self._answer = b""
        self._has_body = not message.startswith(b"HEAD ")
        self.began = time.perf_counter()
        self.socket.sendall(message)

    def hear(self) -> bool:
        """Read what has come; tell whether the answer is whole. One that is not 200 is an error."""
        part = self.socket.recv(_CHUNK)
        if not part:
            raise RuntimeError("The server closed a connection that it was asked to keep")
        self._answer += part
        head, found, body = self._answer.partition(b"\r\n\r\n")
        if not found:
            return False
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.split(b"\r\n", 1)[0].decode())
        if not self._has_body:
            return True
        _, sized, rest = head.lower().partition(b"\r\ncontent-length:")
        if sized:
            return len(body) >= int(rest.split(b"\r\n", 1)[0])
        return body.endswith(b"0\r\n\r\n")  # chunked


def measure(
    address: int | Path,
    paths: Sequence[str],
    headers: dict[str, str],
    *,
    connections: int,
    requests: int,
    method: str = "GET",
) -> Timings:
    """Ask for the paths in turn; an answer that is not 200 ends the measurement."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    tail = f" HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n"
    messages = [f"{method} {path}{tail}".encode() for path in paths]
    turns = iter([messages[number % len(messages)] for number in range(requests)])
    asking = [_Connection(address) for _ in range(connections)]
    try:
        began = time.perf_counter()
        found = list(_walk(asking, turns))
        return Timings(tuple(sorted(found)), len(found) / (time.perf_counter() - began))
    finally:
        for connection in asking:
            connection.socket.close()


def _walk(asking: list[_Connection], turns: Iterator[bytes]) -> Iterator[float]:
    """Let every connection ask again as soon as it has been answered; give the seconds of each."""
    with selectors.DefaultSelector() as selector:
        for connection, message in zip(asking, turns, strict=False):
            connection.ask(message)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        while selector.get_map():
            for key, _ in selector.select():
                connection = key.data
                if not connection.hear():
                    continue
                yield time.perf_counter() - connection.began
                if (message := next(turns, None)) is None:
                    selector.unregister(connection.socket)
                else:
                    connection.ask(message)
