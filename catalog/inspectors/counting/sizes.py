"""Numbers of parameters, and of those that work on one token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LARGEST: Final = 1 << 53  # exact in JSON, and more than any model has


@dataclass(frozen=True, slots=True)
class Size:
    """Parameters in all, and those used for one token: fewer where experts are chosen."""

    total: int = 0
    active: int = 0

    def __add__(self, other: Size) -> Size:
        return Size(self.total + other.total, self.active + other.active)

    def times(self, number: int) -> Size:
        """Return the size of so many of these."""
        return Size(self.total * number, self.active * number)


def used(number: int) -> Size:
    """Return parameters that work on every token."""
    return Size(number, number)


def linear(inputs: int, outputs: int, *, bias: bool = False) -> int:
    """Return the weights of one projection."""
    return inputs * outputs + (outputs if bias else 0)
