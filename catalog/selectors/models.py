"""Lists of models, as far as the caller may see them."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, QuerySet, Subquery

from catalog.selectors.filters import ModelFilter
from catalog.selectors.pages import Order, Page, Row, page_of, read_number, read_text, read_time
from core.errors import InvalidInputError
from registry.callers import Caller
from registry.models import Model, ModelFile, Tag
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
    return _page(with_head(matching_models(caller, chosen)), chosen, cursor, limit)


def _page(rows: QuerySet[Any, Row], chosen: ModelFilter, cursor: str, limit: int) -> Page:
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidInputError(f"limit must be from 1 to {MAX_PAGE}.", field="limit")
    return page_of(rows, order=order_of(chosen.ordering), cursor=cursor, limit=limit)


def with_head(models: QuerySet[Model]) -> QuerySet[Any, Row]:
    """Rows of models with their head version, the largest of its files, and their tags."""
    largest = ModelFile.objects.filter(version=OuterRef("head_id")).order_by("-size", "path")
    tags = Tag.objects.filter(models=OuterRef("pk")).order_by("name")
    return models.annotate(
        version=F("head__number"),
        revision=F("head__commit"),
        filename=Subquery(largest.values("path")[:1]),
        tag_names=ArraySubquery(tags.values("name")),
    ).values(*LIST_COLUMNS, "version", "revision", "filename", "tag_names")
