"""How many connections for each file of a host: found by trying, not by believing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

LADDER: Final = (1, 2, 4, 8, 16)
START: Final = 4
SETTLE: Final = 0.7  # seconds after a change that say nothing
WINDOW: Final = 1.5  # seconds that are measured
GAIN: Final = 1.15  # more connections are kept for so much more speed
FRESH: Final = 3600.0  # seconds that a measure is believed


@dataclass(slots=True)
class Pace:
    """The connections each file of one host gets; `observe` is told the bytes of them all.

    It begins with a few, doubles while that pays, and tries fewer where it never did. A change of
    the number of files, or of `most`, makes a new beginning of the window.
    """

    most: int = LADDER[-1]
    connections: int = START
    settled: bool = False
    speeds: dict[int, float] = field(default_factory=dict)
    _files: int = 0
    _since: float = 0.0
    _at: tuple[float, int] | None = None

    def __post_init__(self) -> None:
        self.connections = min(self.connections, self.most)

    def observe(self, now: float, moved: int, files: int) -> int:
        """Hear how many bytes came altogether; say how many connections a file may have now."""
        if self.settled or not files:
            return self.connections
        if files != self._files or self._since == 0.0:
            self._files = files
            self._begin(now)
        elif now - self._since >= SETTLE:
            if self._at is None:
                self._at = (now, moved)
            elif now - self._at[0] >= WINDOW:
                self._judge((moved - self._at[1]) / (now - self._at[0]))
                self._begin(now)
        return self.connections

    def _begin(self, now: float) -> None:
        self._since, self._at = now, None

    def _judge(self, speed: float) -> None:
        self.speeds[self.connections] = speed
        following = self._next()
        if following:
            self.connections = following
            return
        self.connections, self.settled = self._best(), True

    def _next(self) -> int:
        """Name the number to try next; 0 when enough is known."""
        tried = self.speeds
        best = self._best()
        above = [n for n in LADDER if n > best and n not in tried and n <= self.most]
        if best == max(tried) and above:
            return above[0]
        below = [n for n in LADDER if n < best and n not in tried]
        if best == min(tried) and below:
            return below[-1] if best > 2 else below[0]  # noqa: PLR2004 one rung at a time
        return 0

    def _best(self) -> int:
        """The fewest connections that nothing more of them beats by far."""
        best = min(self.speeds)
        for count in sorted(self.speeds):
            if self.speeds[count] > self.speeds[best] * GAIN:
                best = count
        return best
