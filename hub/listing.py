"""`/api/models`: admitted models that the caller may have. An unknown filter is refused."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.db.models import Q
from django.http import QueryDict

from core.cursors import decode_cursor, encode_cursor, foreign_cursor
from hub import selectors
from hub.errors import BadRequestError
from hub.model_info import checked_expand, narrowed, summary_of
from registry.callers import Caller
from registry.models import Model

_HARMLESS: Final = frozenset(
    {"full", "config", "cardData", "fetch_config", "limit", "cursor", "direction"}
)
_APPLIED: Final = frozenset(
    {"search", "author", "filter", "tags", "sort", "gated", "expand", "expand[]"}
)

_MOST_WORDS: Final = 8


def models_page(
    caller: Caller, query: QueryDict, *, limit: int
) -> tuple[list[dict[str, Any]], str]:
    """Give one page, newest change first, and the cursor of the next one."""
    _check(query)
    wanted = checked_expand(query.getlist("expand") + query.getlist("expand[]"))
    models = selectors.listed_models(caller).filter(_asked(query))
    for name in _tags(query):
        models = models.filter(tags__name=name)
    if cursor := query.get("cursor"):
        models = models.filter(_after(cursor))
    rows = list(models[: limit + 1])
    page = [narrowed(_entry(model), wanted) for model in rows[:limit]]
    last = rows[limit - 1] if len(rows) > limit else None
    return page, encode_cursor(last.updated_at.isoformat(), last.pk) if last else ""


def _check(query: QueryDict) -> None:
    if unknown := sorted(set(query) - _HARMLESS - _APPLIED):
        raise BadRequestError(f"This registry cannot filter models by {unknown[0]!r}.")
    if query.get("sort", "lastModified") not in {"lastModified", "last_modified"}:
        raise BadRequestError(f"This registry cannot sort models by {query['sort']!r}.")


def _tags(query: QueryDict) -> list[str]:
    named = ",".join(query.getlist("filter") + query.getlist("tags")).split(",")
    tags = [name for name in named if name]
    if len(tags) > _MOST_WORDS:
        raise BadRequestError(f"filter: more than {_MOST_WORDS} tags")
    return tags


def _asked(query: QueryDict) -> Q:
    asked = Q()
    words = query.get("search", "").split()
    if len(words) > _MOST_WORDS:
        raise BadRequestError(f"search: more than {_MOST_WORDS} words")
    for word in words:
        asked &= Q(repo_id__icontains=word)
    if author := query.get("author"):
        asked &= Q(author=author)
    if query.get("gated", "").lower() in {"true", "1"}:
        asked &= Q(pk__in=[])  # what the caller may have is not gated for them
    return asked


def _after(cursor: str) -> Q:
    changed, key = decode_cursor(cursor, parts=2)
    try:
        moment = datetime.fromisoformat(changed)
    except (TypeError, ValueError) as error:
        raise foreign_cursor() from error
    if moment.tzinfo is None or type(key) is not int:
        raise foreign_cursor()
    return Q(updated_at__lte=moment) & (Q(updated_at__lt=moment) | Q(pk__lt=key))


def _entry(model: Model) -> dict[str, Any]:
    head = model.head
    if head is None:
        raise AssertionError("listed models have a head")
    return summary_of(model, head)
