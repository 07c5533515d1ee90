"""How busy the disks are: what they can take decides how fast files may come."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

from django.conf import settings

PSI: Final = Path("/proc/pressure/io")
STAT: Final = Path("/proc/stat")
SLOWEST: Final = 0.1  # of what the limits allow: a transfer that stands still looks broken
EVERY: Final = 2.0  # seconds between two looks
_SOME = re.compile(r"^some avg10=([0-9.]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Pressure:
    """Percent of the last seconds in which something waited for a disk; None where nobody knows."""

    percent: float | None
    source: str


def factor_for(percent: float | None, *, limit: float) -> float:
    """Say which share of its speed a transfer should take: all up to the limit, then ever less."""
    if percent is None or percent <= limit:
        return 1.0
    return max(SLOWEST, 1.0 - (percent - limit) / (100.0 - limit))


class Gauge:
    """Read the pressure: PSI where the kernel has it, else the share of iowait between looks."""

    def __init__(self, psi: Path = PSI, stat: Path = STAT) -> None:
        self._psi, self._stat = psi, stat
        self._lock = Lock()
        self._looked = float("-inf")
        self._last = Pressure(None, "")
        self._ticks: tuple[int, int] | None = None

    def read(self) -> Pressure:
        """Give what was found at most two seconds ago; safe to ask from every thread."""
        with self._lock:
            if time.monotonic() - self._looked >= EVERY:
                self._looked = time.monotonic()
                self._last = self._from_psi() or self._from_iowait()
            return self._last

    def _from_psi(self) -> Pressure | None:
        try:
            found = _SOME.search(self._psi.read_text())
        except OSError:
            return None
        return Pressure(float(found[1]), "psi") if found else None

    def _from_iowait(self) -> Pressure:
        before, self._ticks = self._ticks, self._read_ticks()
        if before is None or self._ticks is None or self._ticks[1] <= before[1]:
            return Pressure(None, "")
        waited, passed = self._ticks[0] - before[0], self._ticks[1] - before[1]
        return Pressure(max(0.0, 100.0 * waited / passed), "iowait")

    def _read_ticks(self) -> tuple[int, int] | None:
        """The (iowait, total) ticks of all processors since the start of the machine."""
        try:
            words = self._stat.read_text().split("\n", 1)[0].split()[1:9]
        except OSError:
            return None
        ticks = [int(word) for word in words]
        return (ticks[4], sum(ticks)) if len(ticks) > 4 else None  # noqa: PLR2004 the fifth is iowait


gauge = Gauge()


def slow_down() -> float:
    """The factor (0.1 to 1) on the speed of transfers, from the pressure of the last seconds."""
    return factor_for(gauge.read().percent, limit=settings.IO_PRESSURE_LIMIT)
