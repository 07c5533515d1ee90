"""How long a run that waits does, and for what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from core.errors import ModelyardError, UpstreamPendingError
from core.waiting import later_than

LONGEST_WAIT: Final = 3600  # seconds, before they are spread; a source may ask for years
LONGEST_PAUSE: Final = 30  # seconds between two looks whether the machine is well again
LONGEST_PROMISE: Final = timedelta(days=1)  # that a source may say "soon" instead of yes or no


def waited_enough(error: ModelyardError, *, since: datetime | None) -> bool:
    """The machine is waited for however long it takes, a source that has promised for a day."""
    if not isinstance(error, UpstreamPendingError) or since is None:
        return False
    return timezone.now() - since > LONGEST_PROMISE


def pause(error: ModelyardError, *, times: int, dice: Callable[[], float]) -> float:
    """1, 2, 4 ... 30 seconds while the machine is not well; of a source, what it asked for."""
    asked = error.details.get("retry_after")
    told = float(asked) if isinstance(asked, int | float) else None
    if isinstance(error, UpstreamPendingError):
        return later_than(min(told or LONGEST_PAUSE, LONGEST_WAIT), dice)
    if told is not None and times == 1:
        return min(told, LONGEST_PAUSE)
    return float(min(2.0 ** (times - 1), LONGEST_PAUSE))
