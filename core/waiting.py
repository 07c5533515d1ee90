"""Waits that many were told to make: nobody comes back before, and not all at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

SHARE: Final = 0.25
LEAST: Final = 1.0


def later_than(asked: float, dice: Callable[[], float]) -> float:
    """Return up to a quarter more seconds than asked for (of one second at least), as dice fall."""
    return asked + SHARE * max(asked, LEAST) * dice()
