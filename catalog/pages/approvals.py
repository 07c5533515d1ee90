"""The approvals desk: the queue on the left, one case on the right."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse

from catalog.forms import AnswerForm
from catalog.pages import gates as gate_pages
from catalog.selectors.approvals import SHOWN, history_of, last_answers, open_requests
from core.errors import NotFoundError
from registry.callers import Caller
from registry.models import AccessRequest
from registry.selectors.access import visible_models


def requests_for(caller: Caller) -> QuerySet[AccessRequest]:
    """Open and answered requests that this curator may look at."""
    return AccessRequest.objects.filter(model__in=visible_models(caller)).select_related(
        "user", "model", "model__head", "decided_by"
    )


def next_after(caller: Caller, current: AccessRequest) -> AccessRequest | None:
    """The request that is looked at once this one is answered: the next one, else the oldest."""
    rest = open_requests(caller).exclude(pk=current.pk)
    later = Q(created_at__gt=current.created_at) | Q(
        created_at=current.created_at, pk__gt=current.pk
    )
    return rest.filter(later).first() or rest.first()


def desk(caller: Caller, pk: int | None) -> dict[str, Any]:
    queue = list(open_requests(caller)[:SHOWN])
    current = queue[0] if queue and pk is None else None
    if pk is not None:
        current = requests_for(caller).filter(pk=pk).first()
        if current is None:
            raise NotFoundError("There is no such request that you may look at.")
    total = open_requests(caller).count() if len(queue) == SHOWN else len(queue)
    context = {
        "queue": queue,
        "queue_total": total,
        "answered": list(last_answers(caller)),
        "current": current,
        "form": AnswerForm(),
    }
    return context | (_case(caller, current) if current else {})


def _case(caller: Caller, current: AccessRequest) -> dict[str, Any]:
    version = current.model.head
    if version is not None:
        version.model = current.model
    url = reverse("catalog:model", args=[current.model.slug])
    after = next_after(caller, current)
    return {
        "version": version,
        "gates": gate_pages.gates_of(version, current.tier, url),
        "decision": gate_pages.blocking(version, current.tier, url),
        "before": history_of(current),
        "next_name": after.model.repo_id if after else "",
    }
