"""Versions of a model and their files."""

from __future__ import annotations

import re
from typing import Any

from django.db.models import Count, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from catalog.selectors.listing import API_COLUMNS, conditions_of, rows_where
from core.errors import InvalidInputError, ModelyardError, NotFoundError, TierNotPermittedError
from core.pages import Order, Page, Row, page_of, read_number, read_text
from registry.callers import Caller
from registry.enums import Admission
from registry.models import SERVED, TAKEN, Model, ModelFile, ModelVersion
from registry.selectors.access import knowable_models, standing_of
from registry.standing import refusal

MAX_FILES = 1000
MAX_VERSIONS = 100
_NUMBER = re.compile(r"[0-9]{1,6}")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_BY_NUMBER = Order(column="number", descending=True, read=read_number)
_BY_PATH = Order(column="path", descending=False, read=read_text)
COLUMNS = (
    "id",
    "number",
    "commit",
    "size_bytes",
    "file_count",
    "model_type",
    "changes",
    "admission",
    "scan_verdict",
    "license_spdx",
    "license_class",
    "lowest_tier",
    "held_whole",
    "failure",
    "extraction_status",
    "pinned_at",
    "decided_at",
    "created_at",
)


def row_for(caller: Caller, slug: str) -> Row:
    """Give a model as a row of API_COLUMNS; errors as `open_model`."""
    models = knowable_models(caller).filter(slug=slug)
    rows = rows_where(API_COLUMNS, conditions_of(models))
    if not rows:
        raise _no_model(slug)
    if not caller.sees(rows[0]["tier"]):
        raise _refused(caller, models.select_related("head").get())
    return rows[0]


def open_model(caller: Caller, slug: str) -> Model:
    """Give a model that the caller's tier may have, with its head.

    404 when it is hidden or missing, 403 when the caller may only know of it.
    """
    model = knowable_models(caller).select_related("head").filter(slug=slug).first()
    if model is None:
        raise _no_model(slug)
    if not caller.sees(model.tier):
        raise _refused(caller, model)
    return model


def _no_model(slug: str) -> NotFoundError:
    return NotFoundError(f"There is no model {slug!r} here that you may see.", model=slug)


def _refused(caller: Caller, model: Model) -> ModelyardError:
    """Say why a model that the caller may know of is not theirs: what it lost, or their tier."""
    if model.head is not None and model.head.admission in (Admission.HELD, Admission.WITHDRAWN):
        model.head.model = model
        if error := refusal(standing_of(model, model.head), tiers=caller.tiers):
            return error
    words = f"{model.repo_id} is for tier {model.tier} and above."
    return TierNotPermittedError(words, needs_tier=model.tier)


def version_rows(versions: QuerySet[ModelVersion]) -> QuerySet[Any, Row]:
    mine = ModelFile.objects.filter(version=OuterRef("pk"))
    largest = mine.filter(SERVED).order_by("-size", "path")
    left_out = mine.exclude(TAKEN).order_by().values("version").annotate(n=Count("pk"))
    held = mine.exclude(held_back="").order_by().values("version").annotate(n=Count("pk"))
    rows: QuerySet[Any, Row] = versions.annotate(
        filename=Subquery(largest.values("path")[:1]),
        left_out=Coalesce(Subquery(left_out.values("n")), 0),
        held_back=Coalesce(Subquery(held.values("n")), 0),
        parent_number=F("parent__number"),
    ).values(*COLUMNS, "filename", "left_out", "held_back", "parent_number", "decision", "config")
    return rows


def page_of_versions(model: Model, *, cursor: str, limit: int) -> Page:
    check_limit(limit, MAX_VERSIONS)
    rows = version_rows(model.versions.order_by())
    return page_of(rows, order=_BY_NUMBER, cursor=cursor, limit=limit)


def version_named(model: Model, name: str) -> ModelVersion:
    """Find a version by its number, its commit, or the first letters of only one commit."""
    found: list[ModelVersion] = []
    if _NUMBER.fullmatch(name):
        found = list(model.versions.filter(number=int(name)))
    elif _COMMIT.fullmatch(name):
        found = list(model.versions.filter(commit__startswith=name)[:2])
    if len(found) > 1:
        raise InvalidInputError(
            f"Several commits begin with {name}; give more of it.", field="version"
        )
    if not found:
        raise NotFoundError(f"{model.repo_id} has no version {name!r} here.", version=name)
    return found[0]


def page_of_files(version: ModelVersion, *, cursor: str, limit: int) -> Page:
    check_limit(limit, MAX_FILES)
    rows: Any = version.files.order_by().values(
        *("id", "path", "size", "sha256", "git_oid", "is_lfs", "content_id"),
        *("left_out", "is_coming", "held_back"),
    )
    return page_of(rows, order=_BY_PATH, cursor=cursor, limit=limit)


def check_limit(limit: int, most: int) -> None:
    if not 1 <= limit <= most:
        raise InvalidInputError(f"limit must be from 1 to {most}.", field="limit")
