"""Which devices hold a need, on how many of them, and how full they are then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from registry.fit.memory import Need
from registry.fit.shares import usable_bytes


class Device(Protocol):
    """What the calculation wants to know of a device; `max_count` is how many one machine has."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def memory_bytes(self) -> int: ...
    @property
    def max_count(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Placement:
    """A device and how many of it hold the model: `fits` is None where too little is known.

    `used` and `usable` are bytes of each of `count` devices; of all that a machine has where it
    does not fit.
    """

    device: Device
    fits: bool | None
    count: int
    used: int
    usable: int
    note: str = ""

    @property
    def share(self) -> float:
        """The part of the usable memory that is taken."""
        return self.used / self.usable


def place(need: Need, device: Device) -> Placement:
    """Find the smallest number of a device that holds a need.

    What is not known is in no sum, so a known part that is too large is a no, and a fit is never
    claimed while anything is missing.
    """
    usable = usable_bytes(device.kind, device.memory_bytes)
    for count in _counts(need, device):
        used = need.on_each(count)
        if used <= usable:
            fits = None if need.missing else True
            return Placement(device, fits, count, used, usable, _note(need, count))
    return Placement(device, fits=False, count=count, used=used, usable=usable)


def _counts(need: Need, device: Device) -> Iterator[int]:
    """Powers of two: what tensor parallelism is built and measured for."""
    count = 1
    while count <= (device.max_count if need.can_split else 1):
        yield count
        count *= 2


def _note(need: Need, count: int) -> str:
    if count == 1 or (need.heads and need.heads % count == 0):
        return ""
    if need.heads is None:
        return f"whether its heads divide by {count} is not known"
    return f"its {need.heads} heads do not divide by {count}: split it by layers"
