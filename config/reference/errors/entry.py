"""One line of the list of errors."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One code as clients meet it; `status` 0 means any."""

    code: str
    status: int
    title: str
    meaning: str
    do: str
