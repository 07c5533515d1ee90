"""The paces of hosts in this process: measured over all its files, remembered in the database."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from downloads import selectors
from downloads.models import HostPace
from downloads.pacing import FRESH, Pace


@dataclass(slots=True)
class _Host:
    pace: Pace
    kept_until: float
    moved: int = 0
    files: int = 0
    written: bool = False


@dataclass(slots=True)
class Paces:
    """Tell how many connections the files of a host get; several runs may ask at once."""

    clock: Callable[[], float] = time.monotonic
    _hosts: dict[str, _Host] = field(default_factory=dict)
    _known: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def load(self) -> None:
        """Read what was measured lately, by any process; `begin` asks no database."""
        self._known = selectors.known_paces()

    def begin(self, host: str, *, most: int) -> int:
        """Count one more file of a host; say how many connections it gets."""
        with self._lock:
            known = self._known.get(host)
            found = self._hosts.get(host)
            if found is None or found.kept_until < self.clock():
                files = found.files if found else 0
                pace = Pace(most=most)
                if known:
                    pace.connections, pace.settled = min(known, most), True
                found = _Host(pace, self.clock() + FRESH, files=files, written=bool(known))
                self._hosts[host] = found
            found.files += 1
            return min(found.pace.connections, most)

    def end(self, host: str) -> None:
        """Count one file less."""
        with self._lock:
            self._hosts[host].files -= 1

    def moved(self, host: str, count: int, *, measured: bool) -> int:
        """Add bytes that came; say how many connections a file of the host gets from now on.

        While a limit holds them back nothing is learned from their speed.
        """
        with self._lock:
            found = self._hosts[host]
            found.moved += count
            if measured:
                found.pace.observe(self.clock(), found.moved, found.files)
            return found.pace.connections

    def remember(self) -> None:
        """Write down what was found out since the last time."""
        with self._lock:
            fresh = [
                (name, host)
                for name, host in self._hosts.items()
                if host.pace.settled and not host.written
            ]
        for name, host in fresh:
            speed = int(host.pace.speeds.get(host.pace.connections, 0))
            HostPace.objects.update_or_create(
                host=name[:255], defaults={"connections": host.pace.connections, "speed": speed}
            )
            host.written = True


paces = Paces()
