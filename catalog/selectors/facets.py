"""Counts beside the filters, made of what the caller may see and of nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from catalog.models import FacetCombination
from catalog.selectors.filters import COLUMNS, NOT_SCANNED, ModelFilter
from catalog.selectors.listing import matching_models
from registry.callers import Caller

CAP = 1_000
# The filters that have counts. All but the tier are facets of the table of pairs, and those before
# it of the table of combinations. `fits` is counted by memory class: what a device holds is summed.
FACETS = ("status", "scan", "model_type", "license_type", "source", "tier", "runtime", "fits")
_COLUMNS = COLUMNS | {"runtime": "runtimes", "fits": "memory_class"}
_NAMES = {_COLUMNS[name]: name for name in FACETS}
_COMBINED = FACETS[: FACETS.index("tier")]
_SETS = frozenset({"runtimes"})  # a model has several values of these


@dataclass(frozen=True, slots=True)
class Count:
    """How many models a choice leaves; with `more` the true number may be higher."""

    n: int
    more: bool = False


@dataclass(frozen=True, slots=True)
class Facets:
    """The number of models a filter leaves, and for each facet that was counted, per value."""

    total: Count
    values: dict[str, dict[str, Count]]
    as_of: datetime | None  # None: counted just now


def facets_for(caller: Caller, chosen: ModelFilter) -> Facets:
    """Count exactly while nothing but facets narrows the list, else over at most CAP models."""
    if not caller.tiers:
        return Facets(Count(0), {name: {} for name in FACETS}, None)
    narrowing = set(chosen.used) - {"tier"}
    if narrowing <= set(_COMBINED) and len(narrowing) > 1:
        return _from_combinations(caller, chosen)
    if narrowing <= {*_COMBINED, "runtime"} and len(narrowing) <= 1 and len(chosen.runtime) <= 1:
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
    column = _COLUMNS[facet] if facet else ""
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


# -- several facets: the table of combinations; anything else: the models themselves --------------

# Of each part: `part, column, value, n` for each value of its facets, and one row for the whole.
_Row = tuple[str, str | None, str, int]
_Parts = list[tuple[str, list[Any]]]
_AS_OF = (
    "SELECT '#', NULL, to_char(max(folded_at) AT TIME ZONE 'UTC',"
    " 'YYYY-MM-DD\"T\"HH24:MI:SS.US+00:00'), 0 FROM catalog_facetfold"
)


def _from_combinations(caller: Caller, chosen: ModelFilter) -> Facets:
    """Sum the combinations that the *other* filters leave, for each facet, in one query.

    Memory classes and runtimes are in no combination: they would multiply the rows of the table.
    """

    def part(kept: ModelFilter, names: list[str], label: str) -> tuple[str, list[Any]]:
        rows = FacetCombination.objects.filter(kept.conditions(), tier__in=kept.tiers(caller))
        columns = [_COLUMNS[name] for name in names]
        return _part(rows.values_list(*columns, "n"), names, label, "sum(n)")

    counted = (*_COMBINED, "tier")
    rows = _run([*_parts(chosen, part, counted), (_AS_OF, [])])
    as_of = next(value for part, _, value, _ in rows if part == "#")
    time = datetime.fromisoformat(as_of) if as_of else None
    return _arranged(rows, counted, cap=None, as_of=time)


def _by_counting(caller: Caller, chosen: ModelFilter) -> Facets:
    """Count at most CAP + 1 of the models that the *other* filters leave, in one query."""

    def part(kept: ModelFilter, names: list[str], label: str) -> tuple[str, list[Any]]:
        columns = [_COLUMNS[name] for name in names or ["tier"]]
        rows = matching_models(caller, kept).values_list(*columns)
        return _part(rows[: CAP + 1], names, label, "count(*)")

    return _arranged(_run(_parts(chosen, part, FACETS)), FACETS, cap=CAP, as_of=None)


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
    columns = [_COLUMNS[name] for name in names]
    inner, params = rows.query.sql_with_params()
    single = [column for column in columns if column not in _SETS]
    several = [column for column in columns if column in _SETS]
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
            values[_NAMES[column]][_shown(column, value)] = Count(int(n), part in capped)
    total = sizes.get("", 0)
    return Facets(Count(cap if cap and "" in capped else total, "" in capped), values, as_of)
