"""How many bytes to hand over at once: few to who reads slowly, many to who keeps up.

The server keeps some pieces of every answer until the client takes them. With small pieces a
thousand clients that read nothing cost little; with large ones a fast client costs little. A piece
grows only after more bytes went out than all buffers on the way hold.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

SMALL: Final = 16 << 10
LARGE: Final = 256 << 10
WINDOW: Final = 16 << 20  # bytes that are timed together
FAST: Final = 0.4  # seconds that a window may take
LANES: Final = 64  # fast answers at once: they may all stop reading now


class Lanes:
    """Room for large pieces, shared by all answers of a process."""

    def __init__(self, count: int = LANES) -> None:
        self._free = count

    def take(self) -> bool:
        if not self._free:
            return False
        self._free -= 1
        return True

    def give_back(self) -> None:
        self._free += 1


class Pace:
    """The size of the pieces of one answer."""

    def __init__(self, lanes: Lanes, clock: Callable[[], float] = time.monotonic) -> None:
        self._lanes, self._clock = lanes, clock
        self._large = False
        self._passed, self._since = 0, clock()

    @property
    def piece(self) -> int:
        return LARGE if self._large else SMALL

    def passed(self, count: int) -> None:
        """Take note of bytes that were taken from us."""
        self._passed += count
        if self._passed < WINDOW:
            return
        now = self._clock()
        fast = now - self._since < FAST
        self._passed, self._since = 0, now
        if not fast:
            self.end()
        elif not self._large:
            self._large = self._lanes.take()

    def end(self) -> None:
        """Make room for others."""
        if self._large:
            self._large = False
            self._lanes.give_back()
