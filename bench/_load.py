"""A small load generator: keep-alive connections in one event loop, each one request at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds of every request, sorted, and how many were answered per second."""

    seconds: tuple[float, ...]
    rate: float

    def at(self, share: float) -> float:
        """The time in milliseconds that this share of the requests stayed below."""
        return 1000 * self.seconds[min(len(self.seconds) - 1, int(share * len(self.seconds)))]


def measure(
    port: int, paths: Sequence[str], headers: dict[str, str], *, connections: int, requests: int
) -> Timings:
    """Ask for the paths in turn; an answer that is not 200 ends the measurement."""
    return asyncio.run(_measure(port, paths, headers, connections, requests))


async def _measure(
    port: int, paths: Sequence[str], headers: dict[str, str], connections: int, requests: int
) -> Timings:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    tail = f" HTTP/1.1\r\nHost: localhost:{port}\r\n{lines}\r\n"
    messages = [f"GET {path}{tail}".encode() for path in paths]
    found: list[float] = []
    counter = iter(range(requests))

    async def walk() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
        for number in counter:
            began = time.perf_counter()
            writer.write(messages[number % len(messages)])
            await _answer(reader, paths[number % len(paths)])
            found.append(time.perf_counter() - began)
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(walk() for _ in range(connections)))
    return Timings(tuple(sorted(found)), len(found) / (time.perf_counter() - began))


async def _answer(reader: asyncio.StreamReader, path: str) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = head.split(b" ", 2)[1]
    if b"transfer-encoding: chunked" in head:
        while size := int((await reader.readuntil(b"\r\n")).strip(), 16):
            await reader.readexactly(size + 2)
        await reader.readexactly(2)
    else:
        await reader.readexactly(int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]))
    if status != b"200":
        raise RuntimeError(f"{path} answered {status.decode()}")
