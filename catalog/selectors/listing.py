"""Rows of models, read from their columns by SQL written out.

Lists are asked for more than anything else. The ORM took longer to build their query and to make
objects of the answer than PostgreSQL to find it; conditions are still the ORM's, built once.
"""

from __future__ import annotations

from functools import lru_cache
from operator import itemgetter
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS
from django.db.models import QuerySet

from catalog.selectors.filters import ModelFilter
from core.answers import facts
from core.answers.facts import Fact, Source
from core.pages import Part, Row
from registry.callers import Caller
from registry.models import Model
from registry.selectors.access import visible_models

_TAGS = (
    "ARRAY(SELECT tags.name FROM registry_model_tags has JOIN registry_tag tags"
    " ON tags.id = has.tag_id WHERE has.model_id = registry_model.id ORDER BY tags.name)"
)
_NAMES = (
    *("id", "slug", "source", "repo_id", "name", "author", "description", "model_type", "tier"),
    *("admission", "scan_verdict", "license_spdx", "license_class", "family", "num_params"),
    *("context_length", "size_bytes", "formats", "quantization", "languages", "parameters"),
    *("head_number", "head_commit", "head_filename", "created_at", "updated_at"),
    *("memory_8k", "categories", "runtimes"),
)
# Only what is pending has one, so only such rows look at their head.
_FAILURE = (
    "CASE WHEN admission = 'pending' THEN (SELECT head.failure::text"
    " FROM registry_modelversion head WHERE head.id = registry_model.head_id) END"
)
# What tells one state of a model from any other: who wrote its row (the transaction) and where it
# was put, both of PostgreSQL, which never changes a row in place. What is shown from elsewhere
# (tags, failure) has the row written anew when it changes: registry/migrations/0012.
_STATE = "ROW(id, xmin, ctid)::text"
# Times and JSON as texts: the API passes them on, and nothing is gained by reading them.
_AS_TEXT = ("created_at", "updated_at", "parameters")
API_COLUMNS = {name: f"{name}::text" if name in _AS_TEXT else name for name in _NAMES}
API_COLUMNS |= {"tag_names": _TAGS, "failure": _FAILURE, "state": _STATE}
_NOT_ON_PAGES = ("parameters", "created_at", "memory_8k", "categories", "runtimes")
PAGE_COLUMNS = {name: name for name in _NAMES if name not in _NOT_ON_PAGES} | {"state": _STATE}


Conditions = tuple[str, tuple[Any, ...]]


def matching_models(caller: Caller, chosen: ModelFilter) -> QuerySet[Model]:
    """Models that the caller sees and the filter leaves, unsorted."""
    rows = visible_models(caller).order_by()
    if chosen.tier:
        rows = rows.filter(tier__in=chosen.tiers(caller))
    return rows.filter(chosen.conditions())


@lru_cache(maxsize=512)
def conditions_of_list(caller: Caller, chosen: ModelFilter) -> Conditions | None:
    """Give the WHERE of a list; it follows from who asks and what for, never from stored rows."""
    return conditions_of(matching_models(caller, chosen))


def conditions_of(rows: QuerySet[Any]) -> Conditions | None:
    """Give the WHERE of a query on one table, and its values; None where nothing can match."""
    query = rows.query
    try:
        sql, params = query.get_compiler(DEFAULT_DB_ALIAS).compile(query.where)
    except EmptyResultSet:
        return None
    return sql, tuple(params)


def rows_where(
    columns: dict[str, str],
    conditions: Conditions | None,
    part: Part | None = None,
    *,
    plan_kept: bool = False,
    found_slowly: bool = False,
) -> list[Row]:
    """Fetch rows of models as dicts; `part` narrows, sorts and cuts them.

    `plan_kept` where the same plan is best whatever the values: without a filter. `found_slowly`
    where looking for the rows anew each time costs too much: the rows found are asked whether they
    are as they were and still belong, and others are looked for when the time's step ends.
    """
    if conditions is None:
        return []
    where, params = conditions
    rest, more = part.sql("registry_model") if part else ("", ())
    source = Source("registry_model", (), f"{where}{rest}", (*params, *more))
    found = facts.fetch_proving(", ".join(columns.values()), source, plan_kept=plan_kept)
    rows = [dict(zip(columns, row, strict=True)) for row in found]
    if "state" in columns and found_slowly:
        facts.rests_on(lambda: _still_belong(where, params, rows))
        facts.rests_on_time()
    elif "state" in columns:
        states = tuple(row["state"] for row in rows)
        asked = source.select(f"{_STATE} AS state")
        facts.rests_on(lambda: Fact(*asked, states, plan_kept=plan_kept))
    return rows


def _still_belong(where: str, params: tuple[Any, ...], rows: list[Row]) -> Fact:
    known = sorted(rows, key=itemgetter("id"))
    found = f" FROM registry_model WHERE {where} AND id = ANY(%s) ORDER BY id"
    asked = f"SELECT {_STATE} AS state{found}"
    ids = [row["id"] for row in known]
    return Fact(asked, (*params, ids), tuple(row["state"] for row in known), plan_kept=False)
