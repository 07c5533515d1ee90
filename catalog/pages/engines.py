"""How every engine is, for the strip of the Scans page and for REST."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from scanning.models import EngineState
from scanning.scanners import scanners
from scanning.selectors import NOT_KNOWN, engine_states

OLD_SIGNATURES = 7  # days; an edition comes out every day
_ORDER = ("broken", NOT_KNOWN, "working", "absent")


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine with what its canary said last, where it was worst; no row: nothing lately."""

    slug: str
    title: str
    row: EngineState | None

    @property
    def state(self) -> str:
        return self.row.state if self.row else NOT_KNOWN

    @property
    def signatures_days(self) -> int | None:
        return self.row.signatures_days if self.row else None

    @property
    def is_old(self) -> bool:
        return (self.signatures_days or 0) > OLD_SIGNATURES


def engine_strip() -> list[Engine]:
    """The engines of this yard, the broken ones first."""
    known = engine_states()
    engines = [Engine(cls.slug, cls.title, known.get(cls.slug)) for cls in scanners]
    return sorted(engines, key=lambda one: (_ORDER.index(one.state), one.title.lower()))


def strip_context() -> dict[str, Any]:
    """In one line how many work; those that need somebody are named outside the fold."""
    engines = engine_strip()
    counts = Counter(one.state for one in engines)
    return {
        "counts": [(state, counts[state]) for state in _ORDER if counts[state]],
        "bad": [one for one in engines if one.state == "broken"],
        "rest": [one for one in engines if one.state != "broken"],
        "signed": [one for one in engines if one.row is not None and one.row.signatures],
    }
