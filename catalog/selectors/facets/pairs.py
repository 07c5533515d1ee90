"""Counts while at most one facet narrows the list: read from the table of pairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection

from catalog.selectors.facets.named import (
    COLUMN_OF,
    FACETS,
    FOLDED,
    NAME_OF,
    NARROW,
    Count,
    Facets,
    folded_at,
    shown,
    stored,
)
from catalog.selectors.filters import ModelFilter
from registry.callers import Caller

MOST = 60  # values of one facet, the most frequent ones; there are families without end

# A value by itself is paired with nothing. `narrowed` is the facet that narrows, itself counted as
# if it did not; where none does, each value stands alone.
_COUNTS = f"""
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
UNION ALL
SELECT '', {FOLDED}, 0 FROM catalog_facetfold
"""  # noqa: S608 our own words


def covered(narrowing: Sequence[str]) -> tuple[str, ...]:
    """Name the facets that are counted: all, but beside a wide one no other wide one."""
    return FACETS if set(narrowing) <= set(NARROW) else (*NARROW, "tier", *narrowing)


def from_pairs(caller: Caller, chosen: ModelFilter, narrowing: Sequence[str]) -> Facets:
    """Count exactly; `narrowing` is one facet of one value for each model, or none."""
    name = narrowing[0] if narrowing else ""
    tiers = chosen.tiers(caller)
    given: dict[str, Any] = {
        "seen": [tier.value for tier in caller.tiers],
        "chosen": tiers,
        "narrowed": COLUMN_OF[name] if name else "",
        "wanted": stored(name, getattr(chosen, name)) if name else [],
        "most": MOST,
    }
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, given)
        rows = cursor.fetchall()
    values: dict[str, dict[str, Count]] = {facet: {} for facet in covered(narrowing)}
    for column, value, n in rows:
        if column:
            values[NAME_OF[column]][shown(column, value)] = Count(int(n))
    as_of = folded_at(next((value for column, value, _ in rows if not column), None))
    total = sum(values["tier"][tier].n for tier in tiers if tier in values["tier"])
    return Facets(Count(total), values, as_of)
