"""Rows of what was served: their number as it travels, the month they are in. No Django here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

MADE: Final = "oci-made"  # the protocol of rows that tell of no file
_TEXT: Final = re.compile(r"(\d{1,19})\.(\d{1,19})", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TICK: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class ServedId:
    """Names one row and the month it is in. `str()` is its text, `read` takes that back."""

    at: datetime
    id: int

    def __str__(self) -> str:
        return f"{(self.at - _EPOCH) // _TICK}.{self.id}"

    @classmethod
    def read(cls, text: str) -> ServedId:
        """Raise ValueError for what is no such text."""
        match = _TEXT.fullmatch(text)
        if match is None:
            raise ValueError(f"not the number of a row: {text[:40]!r}")
        try:
            return cls(_EPOCH + int(match.group(1)) * _TICK, int(match.group(2)))
        except OverflowError as error:
            raise ValueError(f"not the number of a row: {text[:40]!r}") from error


def month_of(at: datetime) -> datetime:
    """The beginning of the month (UTC) that a row of this time is in."""
    return at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def month_after(at: datetime) -> datetime:
    """The beginning of the next."""
    return month_of(month_of(at) + timedelta(days=31))
