"""Counts beside the filters, made of what the caller may see and of nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from catalog.selectors.filters import COLUMNS, NOT_SCANNED, ModelFilter
from catalog.selectors.models import matching_models
from registry.callers import Caller

CAP = 10_000
# The filters that have counts. All but the tier are also facets of the table of pairs.
FACETS = ("status", "scan", "model_type", "license_type", "source", "tier")
_NAMES = {COLUMNS[name]: name for name in FACETS}
_PAIRED = tuple(name for name in FACETS if name != "tier")


@dataclass(frozen=True, slots=True)
class Count:
    """How many models a choice leaves; with `more` the true number may be higher."""

    n: int
    more: bool = False


@dataclass(frozen=True, slots=True)
class Facets:
    """The number of models a filter leaves, and for each facet the number per value."""

    total: Count
    values: dict[str, dict[str, Count]]
    as_of: datetime | None  # None: counted just now


def facets_for(caller: Caller, chosen: ModelFilter) -> Facets:
    """Count exactly when at most one facet narrows the list; otherwise over at most CAP models."""
    if not caller.tiers:
        return Facets(Count(0), {name: {} for name in FACETS}, None)
    narrowing = set(chosen.used) - {"tier"}
    if len(narrowing) <= 1 and narrowing <= set(_PAIRED):
        return _from_pairs(chosen.tiers(caller), caller, chosen, next(iter(narrowing), ""))
    return _by_counting(caller, chosen)


# -- at most one facet: the table of pairs ------------------------------------------------------

_PAIRS = """
SELECT tier, facet, value, other_facet, n,
  (SELECT folded_at FROM catalog_facetfold WHERE id = 1)
FROM catalog_facetcount
WHERE tier = ANY(%s)
  AND (facet = other_facet AND value = other_value
       OR other_facet = %s AND other_value = ANY(%s) AND facet <> other_facet)
"""


def _from_pairs(tiers: list[str], caller: Caller, chosen: ModelFilter, facet: str) -> Facets:
    column = COLUMNS[facet] if facet else ""
    wanted = _stored_values(chosen, facet)
    with connection.cursor() as cursor:
        cursor.execute(_PAIRS, [[tier.value for tier in caller.tiers], column, wanted])
        rows = cursor.fetchall()
    values: dict[str, dict[str, int]] = {name: {} for name in FACETS}
    for tier, one, value, other, n, _ in rows:
        own = one == other
        if own and one == (column or "source") and (not facet or value in wanted):
            _add(values["tier"], tier, n)  # each model has one value of each facet: counted once
        if tier in tiers and own == (one == column or not facet):
            _add(values[_NAMES[one]], _shown(one, value), n)
    total = sum(n for tier, n in values["tier"].items() if tier in tiers)
    return Facets(
        Count(total),
        {name: {value: Count(n) for value, n in found.items()} for name, found in values.items()},
        rows[0][5] if rows else None,
    )


def _stored_values(chosen: ModelFilter, facet: str) -> list[str]:
    values = getattr(chosen, facet) if facet else ()
    return ["" if facet == "scan" and value == NOT_SCANNED else value for value in values]


def _shown(column: str, value: str) -> str:
    return NOT_SCANNED if column == "scan_verdict" and not value else value


def _add(found: dict[str, int], value: str, n: int) -> None:
    found[value] = found.get(value, 0) + n


# -- anything else: one query over at most CAP + 1 models per part --------------------------------


def _by_counting(caller: Caller, chosen: ModelFilter) -> Facets:
    """Count each facet over the models that the *other* filters leave, in one query."""
    narrowed = [name for name in FACETS if getattr(chosen, name)]
    free = [name for name in FACETS if name not in narrowed]
    parts = [_part(matching_models(caller, chosen), free, chosen="")]
    parts += [
        _part(matching_models(caller, chosen.without(name)), [name], chosen=name)
        for name in narrowed
    ]
    rows = _run(parts)
    sizes = {part: n for part, column, _, n in rows if column is None}
    values: dict[str, dict[str, Count]] = {name: {} for name in FACETS}
    for part, column, value, n in rows:
        if column is not None:
            more = sizes[part] > CAP
            values[_NAMES[column]][_shown(column, value)] = Count(n, more)
    total = sizes.get("", 0)
    return Facets(Count(min(total, CAP), total > CAP), values, None)


def _part(models: QuerySet[Any], names: Iterable[str], *, chosen: str) -> tuple[str, list[object]]:
    """Write `part, column, value, n` for each value of these facets, and one row for the whole."""
    columns = [COLUMNS[name] for name in names]
    inner, params = models.values_list(*columns or ["id"])[: CAP + 1].query.sql_with_params()
    sets = ", ".join([f"({column})" for column in columns] + ["()"])
    which = " ".join(f"WHEN grouping({column}) = 0 THEN '{column}'" for column in columns)
    value = f"coalesce({', '.join(columns)}, '')" if columns else "''"
    label = f"CASE {which} END" if columns else "NULL"
    sql = (
        f"SELECT %s::text, {label}, {value}, count(*) FROM ({inner}) AS found"  # noqa: S608 our own column names
        f" GROUP BY GROUPING SETS ({sets})"
    )
    return sql, [chosen, *params]


def _run(parts: list[tuple[str, list[object]]]) -> list[tuple[str, str | None, str, int]]:
    sql = " UNION ALL ".join(f"({text})" for text, _ in parts)
    with connection.cursor() as cursor:
        params: list[Any] = [value for _, params in parts for value in params]
        cursor.execute(sql, params)
        found: list[tuple[str, str | None, str, int]] = cursor.fetchall()
    return found
