"""Values of CivitAI's answers, taken only in the type they must have; everything else is None."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

LARGEST: Final = 1 << 50
_TURNING: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


def text(value: object, limit: int = 200) -> str:
    """Return a text on one line, printable and cut; '' for all else."""
    if not isinstance(value, str):
        return ""
    shown = (c if c.isprintable() else " " for c in value[: limit * 4] if c not in _TURNING)
    return unicodedata.normalize("NFC", " ".join("".join(shown).split()))[:limit]


def texts(value: object, most: int = 100, limit: int = 200) -> list[str]:
    """Return the texts of a list, each once."""
    items = value if isinstance(value, list) else []
    return list(dict.fromkeys(word for item in items[:most] if (word := text(item, limit))))


def whole(value: object) -> int | None:
    """Return a whole number that is not negative; true and 1.5 are none."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= LARGEST else None


def number(value: object) -> float | None:
    """Return a finite number that is not negative."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= LARGEST and math.isfinite(value) else None


def flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def mappings(value: object, most: int) -> Sequence[Mapping[str, object]]:
    """Return the objects of a list, at most so many."""
    items = value if isinstance(value, list) else []
    return [item for item in items[:most] if isinstance(item, dict)]


def moment(value: object) -> datetime | None:
    """Read a time as JSON has it, such as `2025-12-18T09:16:12.062Z`; without a zone it is UTC."""
    try:
        read = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if read is None or read.tzinfo is not None:
        return read
    return read.replace(tzinfo=UTC)
