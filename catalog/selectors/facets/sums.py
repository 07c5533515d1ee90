"""Counts by grouping: of the combinations, or of the models themselves up to a bound."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from catalog.models import FacetCombination
from catalog.selectors.facets.named import (
    COLUMN_OF,
    FOLDED,
    NAME_OF,
    NARROW,
    SETS,
    Count,
    Facets,
    folded_at,
    shown,
)
from catalog.selectors.filters import ModelFilter
from catalog.selectors.listing import matching_models
from registry.callers import Caller

CAP = 1_000
COMBINED = (*NARROW, "tier")
_SET_COLUMNS = frozenset(COLUMN_OF[name] for name in SETS)

# Of each part: `part, column, value, n` for each value of its facets, and one row for the whole.
_Row = tuple[str, str | None, str, int]
_Parts = list[tuple[str, list[Any]]]
_AS_OF = f"SELECT '#', NULL, {FOLDED}, 0 FROM catalog_facetfold"  # noqa: S608 our own words


def from_combinations(caller: Caller, chosen: ModelFilter) -> Facets:
    """Sum the combinations that the *other* filters leave, for each narrow facet, in one query."""

    def part(kept: ModelFilter, names: list[str], label: str) -> tuple[str, list[Any]]:
        rows = FacetCombination.objects.filter(kept.conditions(), tier__in=kept.tiers(caller))
        columns = [COLUMN_OF[name] for name in names]
        return _part(rows.values_list(*columns, "n"), names, label, "sum(n)")

    rows = _run([*_parts(chosen, part, COMBINED), (_AS_OF, [])])
    as_of = folded_at(next((value for part, _, value, _ in rows if part == "#"), None))
    return _arranged(rows, COMBINED, cap=None, as_of=as_of)


def by_counting(caller: Caller, chosen: ModelFilter, counted: Sequence[str]) -> Facets:
    """Count at most CAP + 1 of the models that the *other* filters leave, in one query."""

    def part(kept: ModelFilter, names: list[str], label: str) -> tuple[str, list[Any]]:
        columns = [COLUMN_OF[name] for name in names or ["tier"]]
        rows = matching_models(caller, kept).values_list(*columns)
        return _part(rows[: CAP + 1], names, label, "count(*)")

    return _arranged(_run(_parts(chosen, part, counted)), counted, cap=CAP, as_of=None)


def _parts(
    chosen: ModelFilter,
    part: Callable[[ModelFilter, list[str], str], tuple[str, list[Any]]],
    counted: Sequence[str],
) -> _Parts:
    """One part for all facets that do not narrow, and one for each that does, without itself."""
    narrowed = [name for name in counted if getattr(chosen, name)]
    free = [name for name in counted if name not in narrowed]
    own = [part(chosen.without(name), [name], name) for name in narrowed]
    return [part(chosen, free, ""), *own]


def _part(
    rows: QuerySet[Any, Any], names: list[str], label: str, number: str
) -> tuple[str, list[Any]]:
    columns = [COLUMN_OF[name] for name in names]
    inner, params = rows.query.sql_with_params()
    single = [column for column in columns if column not in _SET_COLUMNS]
    several = [column for column in columns if column in _SET_COLUMNS]
    sets = ", ".join([f"({column})" for column in single] + ["()"])
    which = " ".join(f"WHEN grouping({column}) = 0 THEN '{column}'" for column in single)
    value = f"coalesce({', '.join(single)}, '')" if single else "''"
    column = f"CASE {which} END" if single else "NULL"
    grouped = f"FROM found GROUP BY GROUPING SETS ({sets})"
    selects = [f"SELECT %s::text, {column}, {value}, coalesce({number}, 0) {grouped}"]
    for name in several:
        spread = f"FROM found, unnest({name}) AS one GROUP BY one"
        selects.append(f"SELECT %s::text, '{name}', one, {number} {spread}")
    sql = f"WITH found AS MATERIALIZED ({inner}) {' UNION ALL '.join(selects)}"
    return sql, [*params, *[label] * len(selects)]


def _run(parts: _Parts) -> list[_Row]:
    sql = " UNION ALL ".join(f"({text})" for text, _ in parts)
    with connection.cursor() as cursor:
        cursor.execute(sql, [value for _, params in parts for value in params])
        found: list[_Row] = cursor.fetchall()
    return found


def _arranged(
    rows: list[_Row], counted: Sequence[str], *, cap: int | None, as_of: datetime | None
) -> Facets:
    sizes = {part: int(n) for part, column, _, n in rows if column is None}
    capped = {part for part, size in sizes.items() if cap is not None and size > cap}
    values: dict[str, dict[str, Count]] = {name: {} for name in counted}
    for part, column, value, n in rows:
        if column is not None:
            values[NAME_OF[column]][shown(column, value)] = Count(int(n), part in capped)
    total = sizes.get("", 0)
    return Facets(Count(cap if cap and "" in capped else total, "" in capped), values, as_of)
