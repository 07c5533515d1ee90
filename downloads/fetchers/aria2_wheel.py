"""Turn what changes about a transfer into options of aria2, and see that it moves."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from core.errors import UpstreamError
from downloads.fetchers.steering import Steering

if TYPE_CHECKING:
    from downloads.fetchers.aria2_rpc import Status

MOST: Final = 16  # connections to one server that aria2 knows
APART: Final = 1.0  # seconds between two changes, for one of connections makes it connect anew
WORTH: Final = 200 << 20  # bytes still to come for each connection that is closed for a change


class StalledError(UpstreamError):
    """Nothing came for as long as it may take; the file is begun again where it was."""


class Wheel:
    """What aria2 was told of one transfer, beside what the steering says now.

    aria2 1.36 takes a new `split` for a running download: it closes its connections, keeps what it
    has and goes on with as many as it is told. A new speed limit disturbs nothing.
    """

    def __init__(self, gid: str, steering: Steering) -> None:
        self.gid = gid
        self._steering = steering
        self._told: dict[str, str] = {}
        self._told_at = time.monotonic()
        self._done, self._moved_at = -1, time.monotonic()

    def options(self) -> dict[str, str]:
        """Give the options to begin with."""
        self._told = self._wanted()
        return {**self._told, "timeout": str(max(1, round(self._steering.stall)))}

    @property
    def begun(self) -> bool:
        return bool(self._told)

    def join(self, options: dict[str, str]) -> None:
        """Take over a transfer that another worker began with these options."""
        self._told = {name: options.get(name, "") for name in self._wanted()}

    def turned(self, left: int) -> dict[str, str]:
        """Give the options that changed, not too often; what does not change is not told."""
        now, wanted = time.monotonic(), self._wanted()
        changed = {name: value for name, value in wanted.items() if self._told.get(name) != value}
        if not changed or now - self._told_at < APART:
            return {}
        if left < WORTH * int(self._told.get("split") or 1):  # what is on its way is lost
            changed.pop("split", None)
            changed.pop("max-connection-per-server", None)
        self._told |= changed
        self._told_at = now
        return changed

    def check_moves(self, status: Status, name: str) -> None:
        """Raise StalledError when not a byte came for as long as the steering bears."""
        now = time.monotonic()
        if status.done != self._done or status.state in ("waiting", "paused"):
            self._done, self._moved_at = status.done, now
        elif now - self._moved_at > self._steering.stall:
            raise StalledError(f"{name}: not a byte in {self._steering.stall:.0f} seconds")

    def _wanted(self) -> dict[str, str]:
        count = str(min(max(1, self._steering.connections), MOST))
        rate = self._steering.rate
        return {
            "split": count,
            "max-connection-per-server": count,
            "max-download-limit": "0" if rate is None else str(max(1, rate)),
        }
