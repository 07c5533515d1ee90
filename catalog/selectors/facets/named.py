"""What models are counted by, and how counts are told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from catalog.selectors.filters import COLUMNS, NOT_SCANNED
from core.answers import facts
from core.answers.facts import Fact
from core.plans import fetch

# Few values each: these are in the table of combinations, so several of them are counted exactly.
NARROW = ("status", "scan", "model_type", "license_type", "source")
# Of these a model may have several values.
SETS = ("category", "runtime", "format", "language")
# In the table of pairs, each with the narrow ones. `fits` is counted by memory class: what a device
# holds is summed.
WIDE = ("family", "params", "context", "quantization", "fits", *SETS)
FACETS = (*NARROW, "tier", *WIDE)
COLUMN_OF = {name: COLUMNS[name] for name in (*NARROW, "tier", "family", "quantization")} | {
    "params": "params_class",
    "context": "context_class",
    "fits": "memory_class",
    "category": "categories",
    "runtime": "runtimes",
    "format": "formats",
    "language": "languages",
}
NAME_OF = {column: name for name, column in COLUMN_OF.items()}


@dataclass(frozen=True, slots=True)
class Count:
    """How many models a choice leaves; with `more` the true number may be higher."""

    n: int
    more: bool = False


@dataclass(frozen=True, slots=True)
class Facets:
    """The number of models a filter leaves, and for each facet, per value."""

    total: Count
    values: dict[str, dict[str, Count]]
    as_of: datetime | None  # None: counted just now


# When the kept counts were folded, in words that Python reads.
FOLDED = """to_char(folded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US+00:00')"""
_FOLD = f"SELECT {FOLDED} AS state FROM catalog_facetfold"  # noqa: S608 our own words


def folded() -> datetime | None:
    """Ask when the counts were folded, None where they never were; see `folded_at`."""
    rows = fetch(_FOLD)
    return folded_at(rows[0][0] if rows else None)


def folded_at(told: str | None) -> datetime | None:
    """Read when the counts were folded; the answer rests on that they were not folded since."""
    facts.rests_on(lambda: Fact(_FOLD, (), (told,) if told else (), plan_kept=True))
    return datetime.fromisoformat(told) if told else None


def shown(column: str, value: str) -> str:
    """Return the value as a query names it."""
    return NOT_SCANNED if column == "scan_verdict" and not value else value


def stored(name: str, values: tuple[str, ...]) -> list[str]:
    """Return the values as the columns hold them."""
    return ["" if name == "scan" and value == NOT_SCANNED else value for value in values]
