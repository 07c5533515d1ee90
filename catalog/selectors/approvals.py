"""The queue that curators work through."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils import timezone

from registry.callers import Caller
from registry.enums import RequestState
from registry.models import AccessRequest, AuditEvent
from registry.selectors.access import visible_models

SHOWN = 100
ANSWERS = 12


def open_requests(caller: Caller) -> QuerySet[AccessRequest]:
    """Requests that wait for a curator, oldest first, for models of the curator's own tier."""
    return (
        AccessRequest.objects.filter(
            state=RequestState.OPEN, needs_curator=True, model__in=visible_models(caller)
        )
        .select_related("user", "model", "model__head")
        .order_by("created_at", "id")
    )


def last_answers(caller: Caller) -> QuerySet[AccessRequest]:
    """The requests that curators answered last, newest first; those of policy are not theirs."""
    return (
        AccessRequest.objects.filter(
            decided_by__isnull=False, needs_curator=True, model__in=visible_models(caller)
        )
        .select_related("user", "model", "decided_by")
        .order_by("-decided_at", "-id")[:ANSWERS]
    )


def history_of(request: AccessRequest) -> list[dict[str, object]]:
    """What was asked and answered for the same model besides this request."""
    events = (
        AuditEvent.objects.filter(
            subject=request.model.repo_id,
            action__in=["model.request", "request.approve", "request.refuse", "model.tier"],
        )
        .exclude(
            action="model.request",
            actor=request.user.get_username(),
            at__range=(request.created_at, request.decided_at or timezone.now()),
        )
        .order_by("-id")[:10]
    )
    words = {
        "model.request": "asked for it",
        "request.approve": "approved a request",
        "request.refuse": "refused a request",
        "model.tier": "changed its tier",
    }
    return [
        {"at": event.at, "text": f"{event.actor} {words[event.action]}. {event.reason}".strip()}
        for event in events
    ]
