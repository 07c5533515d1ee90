"""What `/api/models` may be narrowed by. An unknown filter is refused, never ignored."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from django.db.models import Q
from django.http import QueryDict

from hub.errors import BadRequestError
from hub.queries import is_true

_HARMLESS: Final = frozenset({"full", "config", "fetch_config", "limit", "cursor"})
_SHAPES: Final = frozenset({"sort", "direction", "expand", "expand[]", "cardData"})
_APPLIED: Final = frozenset({"search", "author", "pipeline_tag", "gated", "num_parameters"})
# A language, a library, a task are tags of the Hub; older clients name what kind they mean.
_TAGS: Final = frozenset({"filter", "tags", "library", "language", "task"})
# What runs somewhere else or under another's roof: there is nothing of it here to list.
_ABSENT: Final = frozenset({"inference", "inference_provider", "apps"})
_NOTHING: Final = Q(pk__in=[])
_MOST_WORDS: Final = 8
_FACTORS: Final = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}
_BOUND = re.compile(r"(min|max):(\d{1,15}(?:\.\d{1,6})?)([KMBT]?)")
_BOUNDS: Final = {"min": "num_params__gte", "max": "num_params__lte"}


def check_names(query: QueryDict) -> None:
    known = _HARMLESS | _SHAPES | _APPLIED | _TAGS | _ABSENT
    if unknown := sorted(set(query) - known):
        raise BadRequestError(f"This registry cannot filter models by {unknown[0]!r}.")


def asked(query: QueryDict) -> Q:
    """The condition on a model that the query makes."""
    found = Q()
    for word in _words(query.get("search", "").split(), name="search"):
        found &= Q(repo_id__icontains=word)
    for name in ("author", "pipeline_tag"):
        if value := query.get(name):
            found &= Q(**{name: value})
    if tags := _tags(query):
        found &= Q(hub_tags__contains=tags)
    if is_true(query, "gated") or any(query.get(name) for name in _ABSENT):
        found &= _NOTHING  # what the caller may have is not gated for them
    for bound in filter(None, query.get("num_parameters", "").split(",")):
        found &= _bound(bound)
    return found


def _tags(query: QueryDict) -> list[str]:
    told = [word for name in sorted(_TAGS) for word in query.getlist(name)]
    return _words([word for word in ",".join(told).split(",") if word], name="filter")


def _words(words: list[str], *, name: str) -> list[str]:
    if len(words) > _MOST_WORDS:
        raise BadRequestError(f"{name}: more than {_MOST_WORDS} words")
    return words


def _bound(text: str) -> Q:
    """`min:6B` or `max:500M`; a model whose parameters nobody could count is in no range."""
    match = _BOUND.fullmatch(text.strip())
    if match is None:
        raise BadRequestError(f"num_parameters: not min:6B or max:500M: {text[:20]!r}")
    side, number, factor = match.groups()
    return Q(**{_BOUNDS[side]: int(Decimal(number) * _FACTORS[factor])})
