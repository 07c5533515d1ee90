"""What was sent of each answer, told in batches: no answer waits for it, and it may be lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Final

import structlog

log = structlog.get_logger("yard.streams")
EVERY: Final = 5.0  # seconds
Sent = tuple[str, int]  # the line of the trail, and bytes
Tell = Callable[[Sequence[Sent]], None]


class Reports:
    """Gather what was sent and hand it on; what cannot be told is dropped, and said in the log."""

    def __init__(self, tell: Tell, threads: Executor) -> None:
        self._tell, self._threads = tell, threads
        self._waiting: list[Sent] = []

    def note(self, served: str, count: int) -> None:
        """Remember the bytes of one answer; one that belongs to no line is nobody's."""
        if served:
            self._waiting.append((served, count))

    async def run(self) -> None:
        """Tell every few seconds, until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            await self.flush()

    async def flush(self) -> None:
        """Tell now what waits."""
        rows, self._waiting = self._waiting, []
        if not rows:
            return
        try:
            await asyncio.get_running_loop().run_in_executor(self._threads, self._tell, rows)
        except OSError as error:
            log.warning("sent_not_told", answers=len(rows), error=str(error))
