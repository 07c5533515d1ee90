"""What is told of models at their source, as far as the caller may see the models."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from catalog.models import ModelEvent, Watch
from catalog.selectors.versions import check_limit
from core.errors import NotFoundError
from core.pages import Order, Page, page_of, read_time
from registry.callers import Caller
from registry.enums import Admission
from registry.models import Model, ModelVersion
from registry.policy import WAITS
from registry.selectors.access import visible_models

MAX_EVENTS = 100
_NEWEST = Order(column="at", descending=True, read=read_time)


def watch_of(model: Model) -> Watch | None:
    return Watch.objects.filter(model=model).first()


def events_of(model: Model) -> QuerySet[ModelEvent]:
    return ModelEvent.objects.filter(model=model)


def page_of_events(model: Model, *, cursor: str, limit: int) -> Page:
    check_limit(limit, MAX_EVENTS)
    rows: QuerySet[ModelEvent, Any] = events_of(model).order_by()
    return page_of(rows, order=_NEWEST, cursor=cursor, limit=limit)


def event_for(model: Model, pk: int) -> ModelEvent:
    event = events_of(model).filter(pk=pk).first()
    if event is None:
        raise NotFoundError(f"{model.repo_id} has no event {pk}.", event=pk)
    return event


def unseen_events(caller: Caller) -> QuerySet[ModelEvent]:
    """Events that nobody has taken note of, newest first, of models that the caller sees."""
    return (
        ModelEvent.objects.filter(seen_at__isnull=True, model__in=visible_models(caller))
        .select_related("model")
        .order_by("-at", "-id")
    )


def waiting_versions(caller: Caller) -> QuerySet[ModelVersion]:
    """Versions that update rules brought and that, of every gate, only a curator keeps back."""
    return (
        ModelVersion.objects.filter(
            needs_curator=True,
            admission=Admission.HELD,
            decision__contains={"tiers": [{"reasons": [{"gate": WAITS.gate}]}]},
            model__in=visible_models(caller),
        )
        .select_related("model")
        .order_by("decided_at", "id")
    )
