"""Hand the bytes of a source to the server, no faster than its client takes them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

from core.errors import StorageError
from hub.streams.pace import Lanes, Pace
from hub.streams.sources import Source

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Body:
    """The bytes of one answer; `sent` counts what the server took of them."""

    def __init__(self, source: Source, length: int, lanes: Lanes) -> None:
        self._source, self._length = source, length
        self._pace = Pace(lanes)
        self._first: bytes | bytearray = b""
        self.sent = 0

    async def begin(self) -> None:
        """Read the first piece: what cannot be read at all is an error instead of an answer."""
        self._first = await self._read()

    async def send(self, receive: Receive, send: Send) -> None:
        """Send all of it, or until the client is gone; what ends early is never made look whole."""
        gone = asyncio.create_task(_gone(receive))
        try:
            part = self._first
            while not gone.done():
                last = self.sent + len(part) == self._length
                await send({"type": "http.response.body", "body": part, "more_body": not last})
                self.sent += len(part)
                if last:
                    return
                self._pace.passed(len(part))
                await asyncio.sleep(0)  # a client that is gone takes everything at once
                part = await self._read()
        finally:
            gone.cancel()
            with suppress(asyncio.CancelledError):
                await gone

    async def _read(self) -> bytes | bytearray:
        part = await self._source.read(self._pace.piece)
        if not part:
            raise StorageError(f"A content ended after {self.sent} of {self._length} bytes")
        return part

    async def close(self) -> None:
        """Give back what it holds, however it ended."""
        self._pace.end()
        await self._source.close()


async def _gone(receive: Receive) -> None:
    """Wait until the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
