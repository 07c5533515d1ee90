"""Who may use how much: places, bandwidth and quiet hours, decided from numbers in hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Final, TypeVar

Key = TypeVar("Key", bound=Hashable)
MODEST: Final = 64 << 10  # bytes per second that a share may grow from
GROWTH: Final = 1.5


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be used; `rate` in bytes per second, None without a limit, 0 for nothing."""

    files: int
    rate: int | None = None
    connections: int = 16
    stall: int = 30
    quiet: tuple[time, time] | None = None
    quiet_rate: int | None = None

    def at(self, now: datetime) -> Limits:
        """Give the limits of this moment."""
        if self.quiet is None or not is_within(now.time(), self.quiet):
            return self
        return replace(self, rate=self.quiet_rate)

    def quiet_ends(self, now: datetime) -> datetime | None:
        """Tell when the quiet hours end in which we are; None outside of them."""
        if self.quiet is None or not is_within(now.time(), self.quiet):
            return None
        end = now.replace(
            hour=self.quiet[1].hour, minute=self.quiet[1].minute, second=0, microsecond=0
        )
        return end if end > now else end + timedelta(days=1)


ALL: Final = Limits(files=16)
SOURCE: Final = Limits(files=8)


def is_within(moment: time, window: tuple[time, time]) -> bool:
    """Tell whether a time of day lies in a window that may pass midnight; equal ends: all day."""
    begin, end = window
    if begin == end:
        return True
    return begin <= moment < end if begin < end else moment >= begin or moment < end


@dataclass(frozen=True, slots=True)
class Demand:
    """What one run would move at once, and holds already."""

    run: str
    source: str
    wanted: int
    held: int = 0
    priority: int = 0


def allot(demands: Sequence[Demand], limit: int, by_source: Mapping[str, int]) -> dict[str, int]:
    """Deal places in turns, runs of higher priority first; nobody gets more than they want."""
    given: Counter[str] = Counter()
    used: Counter[str] = Counter()
    ranks = sorted({demand.priority for demand in demands}, reverse=True)
    for rank in ranks:
        group = sorted((d for d in demands if d.priority == rank), key=lambda d: d.run)
        while group and given.total() < limit:
            group = [
                demand
                for demand in group
                if given[demand.run] < demand.wanted
                and used[demand.source] < by_source.get(demand.source, limit)
            ]
            for demand in group[: limit - given.total()]:
                if used[demand.source] < by_source.get(demand.source, limit):
                    given[demand.run] += 1
                    used[demand.source] += 1
    return {demand.run: given[demand.run] for demand in demands}


def places_for(
    run: str, demands: Sequence[Demand], limit: int, by_source: Mapping[str, int]
) -> int:
    """Say how many places this run may hold now: its share, and never what others still hold."""
    mine = next(demand for demand in demands if demand.run == run)
    others = [demand for demand in demands if demand.run != run]
    free = limit - sum(demand.held for demand in others)
    same = sum(demand.held for demand in others if demand.source == mine.source)
    free = min(free, by_source.get(mine.source, limit) - same)
    return max(0, min(allot(demands, limit, by_source)[run], free))


def shares(limit: int, speeds: Mapping[Key, int]) -> dict[Key, int]:
    """Divide a bandwidth: who uses less than an equal part leaves the rest to the others."""
    left, result = limit, {}
    waiting = sorted(speeds, key=lambda key: speeds[key])
    while waiting:
        key, equal = waiting.pop(0), left // (len(waiting) + 1)
        could_use = max(MODEST, int(speeds[key] * GROWTH))
        result[key] = max(1, min(equal, could_use) if waiting else equal)
        left = max(0, left - result[key])
    return result
