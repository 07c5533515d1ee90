"""Counts while at most one facet narrows the list: read from the table of pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from catalog.selectors.facets.named import (
    COLUMN_OF,
    FACETS,
    NAME_OF,
    NARROW,
    Count,
    Facets,
    folded,
    shown,
    stored,
)
from catalog.selectors.filters import ModelFilter
from core.kept import Kept
from core.plans import fetch
from registry.callers import Caller

MOST = 60  # values of one facet, the most frequent ones; there are families without end

# A value by itself is paired with nothing. `narrowed` is the facet that narrows, itself counted as
# if it did not; where none does, each value stands alone.
_COUNTS = """
WITH found AS (
  SELECT tier, facet, value, n, facet = %(narrowed)s AS own FROM catalog_facetcount
  WHERE tier = ANY(%(seen)s) AND other_facet = '' AND %(narrowed)s IN ('', facet)
  UNION ALL
  SELECT tier, facet, value, n, false FROM catalog_facetcount
  WHERE tier = ANY(%(seen)s) AND other_facet = %(narrowed)s AND other_facet <> ''
    AND other_value = ANY(%(wanted)s)
), summed AS (
  SELECT facet, value, sum(n) AS n FROM found WHERE tier = ANY(%(chosen)s) GROUP BY 1, 2
), ranked AS (
  SELECT *, row_number() OVER (PARTITION BY facet ORDER BY n DESC, value) AS rank FROM summed
)
SELECT facet, value, n FROM ranked
  WHERE rank <= %(most)s OR facet = %(narrowed)s AND value = ANY(%(wanted)s)
UNION ALL
SELECT 'tier', tier, sum(n) FROM found
  WHERE CASE WHEN %(narrowed)s = '' THEN facet = 'source' ELSE own AND value = ANY(%(wanted)s) END
  GROUP BY 2
"""


def covered(narrowing: Sequence[str]) -> tuple[str, ...]:
    """Name the facets that are counted: all, but beside a wide one no other wide one."""
    return FACETS if set(narrowing) <= set(NARROW) else (*NARROW, "tier", *narrowing)


def from_pairs(caller: Caller, chosen: ModelFilter, narrowing: Sequence[str]) -> Facets:
    """Count exactly; `narrowing` is one facet of one value for each model, or none.

    What was counted serves until the counts are folded again: every page of a list has the same.
    """
    name, as_of = narrowing[0] if narrowing else "", folded()
    asked = _Asked(
        seen=tuple(tier.value for tier in caller.tiers),
        chosen=tuple(chosen.tiers(caller)),
        narrowed=COLUMN_OF[name] if name else "",
        wanted=tuple(stored(name, getattr(chosen, name))) if name else (),
    )
    known = _known.get((as_of, asked)) if as_of else None
    if known is None:
        known = _count(asked, covered(narrowing), as_of)
        _known.put((as_of, asked), known)
    return known


@dataclass(frozen=True, slots=True)
class _Asked:
    seen: tuple[str, ...]
    chosen: tuple[str, ...]
    narrowed: str
    wanted: tuple[str, ...]


_known: Final[Kept[tuple[datetime | None, _Asked], Facets]] = Kept(64)


def _count(asked: _Asked, facets: Sequence[str], as_of: datetime | None) -> Facets:
    given = {name: list(value) for name, value in asdict(asked).items() if name != "narrowed"}
    rows = fetch(_COUNTS, given | {"narrowed": asked.narrowed, "most": MOST})
    values: dict[str, dict[str, Count]] = {facet: {} for facet in facets}
    for column, value, n in rows:
        values[NAME_OF[column]][shown(column, value)] = Count(int(n))
    total = sum(values["tier"][tier].n for tier in asked.chosen if tier in values["tier"])
    return Facets(Count(total), values, as_of)
