"""What may change about a transfer while it runs: how fast, over how many connections."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

NAP: Final = 0.5  # seconds after which a new rate is heard
SOON: Final = 0.001  # seconds not worth a nap
BURST: Final = 0.25  # seconds of the rate that may come at once


@dataclass(slots=True)
class Steering:
    """Set by whoever shares out bandwidth and measures; read by the fetcher all the time.

    `rate` in bytes per second, None without a limit; `stall` in seconds without a byte.
    """

    connections: int = 1
    rate: int | None = None
    stall: float = 30.0


@dataclass(slots=True)
class Bucket:
    """Hold back whoever takes more bytes than the rate of the steering allows."""

    steering: Steering
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _level: float = 0.0
    _at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, count: int, *, stopped: Callable[[], bool]) -> None:
        """Wait until so many bytes may have come; may go into debt, so a block of any size fits."""
        if self.steering.rate is None:
            return
        with self._lock:
            self._fill()
            self._level -= count
        while (wait := self._debt()) > SOON and not stopped():
            self.sleep(min(wait, NAP))

    def _debt(self) -> float:
        """Seconds until the level is even again at the rate of now."""
        with self._lock:
            self._fill()
            rate = self.steering.rate
            return 0.0 if rate is None else -self._level / max(rate, 1)

    def _fill(self) -> None:
        now, rate = self.clock(), self.steering.rate
        if rate is None:
            self._level = 0.0
        else:
            self._level = min(rate * BURST, self._level + (now - self._at) * rate)
        self._at = now
