"""`/api/models`: admitted models that the caller may have, in pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.http import QueryDict

from core.cursors import decode_cursor, encode_cursor, foreign_cursor
from hub.errors import BadRequestError
from hub.filters import asked, check_names
from hub.meanings import FIRST, NAMED, meant_by
from hub.model_info import checked_expand, narrowed, summary_of
from hub.queries import expanded, is_true
from registry.callers import Caller
from registry.enums import Admission
from registry.models import Model
from registry.selectors.access import visible_models


@dataclass(frozen=True, slots=True)
class _Order:
    """A column, the highest first; `read` takes its value out of a cursor or raises."""

    column: str
    read: Callable[[object], object]


def _moment(value: object) -> datetime:
    moment = datetime.fromisoformat(str(value))
    if moment.tzinfo is None:
        raise ValueError(value)
    return moment


def _number(value: object) -> int:
    if type(value) is not int:
        raise ValueError(value)
    return value


_ORDERS: Final = {
    "lastModified": _Order("updated_at", _moment),
    "createdAt": _Order("created_at", _moment),
    "downloads": _Order("downloads_month", _number),
}
_SPELLED: Final = {"last_modified": "lastModified", "created_at": "createdAt"}
_DOWNWARD: Final = frozenset({"", "-1"})


def models_page(
    caller: Caller, query: QueryDict, *, limit: int
) -> tuple[list[dict[str, Any]], str]:
    """Give one page and the cursor of the next one; the newest change first unless it is sorted."""
    check_names(query)
    name = _order_of(query)
    order = _ORDERS[name]
    wanted = checked_expand(expanded(query))
    models = _listed(caller).filter(asked(query)).order_by(f"-{order.column}", "-pk")
    if cursor := query.get("cursor"):
        models = models.filter(_after(cursor, name))
    rows = list(models[: limit + 1])
    entries = [
        narrowed(_entry(model, card=is_true(query, "cardData") or "cardData" in wanted), wanted)
        for model in _named(rows[:limit])
    ]
    last = rows[limit - 1] if len(rows) > limit else None
    return entries, _cursor(last, name) if last else ""


def _order_of(query: QueryDict) -> str:
    name = query.get("sort") or "lastModified"
    name = _SPELLED.get(name, name)
    if name not in _ORDERS:
        raise BadRequestError(f"This registry cannot sort models by {name!r}.")
    if query.get("direction", "") not in _DOWNWARD:
        raise BadRequestError("This registry sorts models downward alone: direction=-1.")
    return name


def _listed(caller: Caller) -> QuerySet[Model]:
    """Models of which `main` is there for the caller."""
    return (
        visible_models(caller)
        .filter(NAMED, admission=Admission.ADMITTED, head__isnull=False)
        .select_related("head")
        .defer("head__decision", "head__config")
        .prefetch_related("tags")
    )


def _named(models: list[Model]) -> list[Model]:
    """Leave out those whose name means another model, of a source that goes before theirs."""
    others = [model.repo_id for model in models if model.source != FIRST]
    meant = meant_by(others) if others else {}
    return [model for model in models if meant.get(model.repo_id, model.pk) == model.pk]


def _cursor(model: Model, name: str) -> str:
    value = getattr(model, _ORDERS[name].column)
    return encode_cursor(name, value if type(value) is int else value.isoformat(), model.pk)


def _after(cursor: str, name: str) -> Q:
    of, value, key = decode_cursor(cursor, parts=3)
    column = _ORDERS[name].column
    try:
        limit = _ORDERS[name].read(value)
    except (TypeError, ValueError) as error:
        raise foreign_cursor() from error
    if of != name or type(key) is not int:
        raise foreign_cursor()
    return Q(**{f"{column}__lte": limit}) & (Q(**{f"{column}__lt": limit}) | Q(pk__lt=key))


def _entry(model: Model, *, card: bool) -> dict[str, Any]:
    head = model.head
    if head is None:
        raise AssertionError("listed models have a head")
    return summary_of(model, head) | ({"cardData": head.facts.get("card") or {}} if card else {})
