"""Lists of models, as far as the caller may see them."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import QuerySet

from catalog.selectors.filters import ModelFilter
from catalog.selectors.pages import Order, Page, Row, page_of, read_number, read_text, read_time
from core.errors import InvalidInputError
from registry.callers import Caller
from registry.models import Model
from registry.selectors.access import visible_models

MAX_PAGE = 100
DEFAULT_PAGE = 50
_READERS = {
    "updated_at": read_time,
    "name": read_text,
    "num_params": read_number,
    "size_bytes": read_number,
}

# The columns of a list row. The API names them as CONTRACT does; pages use them as they are.
LIST_COLUMNS = (
    "id",
    "slug",
    "source",
    "repo_id",
    "name",
    "author",
    "description",
    "model_type",
    "tier",
    "admission",
    "scan_verdict",
    "license_spdx",
    "license_class",
    "family",
    "num_params",
    "context_length",
    "size_bytes",
    "formats",
    "quantization",
    "languages",
    "parameters",
    "created_at",
    "updated_at",
)


def order_of(ordering: str) -> Order:
    column = ordering.removeprefix("-")
    return Order(
        column=column,
        descending=ordering.startswith("-"),
        read=_READERS[column],
        nullable=column == "num_params",
    )


def matching_models(caller: Caller, chosen: ModelFilter) -> QuerySet[Model]:
    """Models that the caller sees and the filter leaves, unsorted."""
    rows = visible_models(caller).order_by()
    if chosen.tier:
        rows = rows.filter(tier__in=chosen.tiers(caller))
    return rows.filter(chosen.conditions())


def page_of_models(
    caller: Caller, chosen: ModelFilter, *, cursor: str = "", limit: int = DEFAULT_PAGE
) -> Page:
    """Give one page of the models that the caller sees, as `.values()` rows of LIST_COLUMNS."""
    return _page(matching_models(caller, chosen).values(*LIST_COLUMNS), chosen, cursor, limit)


def page_for_api(
    caller: Caller, chosen: ModelFilter, *, cursor: str = "", limit: int = DEFAULT_PAGE
) -> Page:
    """Give the same page with what the API adds: head version, main file, tags."""
    page = page_of_models(caller, chosen, cursor=cursor, limit=limit)
    add_heads(page.rows)
    return page


def _page(rows: QuerySet[Any, Row], chosen: ModelFilter, cursor: str, limit: int) -> Page:
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidInputError(f"limit must be from 1 to {MAX_PAGE}.", field="limit")
    return page_of(rows, order=order_of(chosen.ordering), cursor=cursor, limit=limit)


# Written out and asked for the rows of one page: as annotations of the list this took the ORM
# longer to build than PostgreSQL to answer.
_HEADS = """
SELECT models.id, head.number, head.commit,
  (SELECT files.path FROM registry_modelfile files WHERE files.version_id = head.id
    ORDER BY files.size DESC, files.path LIMIT 1),
  ARRAY(SELECT tags.name FROM registry_tag tags
    JOIN registry_model_tags has ON has.tag_id = tags.id
    WHERE has.model_id = models.id ORDER BY tags.name)
FROM registry_model models LEFT JOIN registry_modelversion head ON head.id = models.head_id
WHERE models.id = ANY(%s)
"""


def add_heads(rows: list[Row]) -> None:
    """Put `version`, `revision`, `filename` (the largest) and `tag_names` on rows of models."""
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(_HEADS, [[row["id"] for row in rows]])
        found = {pk: rest for pk, *rest in cursor.fetchall()}
    for row in rows:
        heads = found.get(row["id"], (None, None, None, []))
        row["version"], row["revision"], row["filename"], row["tag_names"] = heads
