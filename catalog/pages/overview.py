"""What the Overview page shows, in a fixed number of queries."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import Count, F, Max, Sum
from django.urls import reverse
from django.utils import timezone

from catalog.pages.jobs import describe, described_runs
from catalog.pages.versions import look_of, title_of
from catalog.selectors.approvals import open_requests
from catalog.selectors.facets import facets_for
from catalog.selectors.filters import ModelFilter
from catalog.selectors.watching import unseen_events, waiting_versions
from core.health import parts
from core.models import ACTIVE, RunState
from core.wording import file_size, grouped
from downloads.disks import disks, names_of, state_of
from registry.callers import Caller
from registry.enums import Admission, RequestState, Scope, Tier
from registry.models import AccessRequest, Content, Model
from registry.selectors.access import visible_models
from registry.standing import Failure

SHOWN = 8


def overview_context(caller: Caller) -> dict[str, Any]:
    running = list(described_runs(caller).filter(state__in=ACTIVE)[:SHOWN])
    found = parts()
    return {
        "needs": [
            *_disks(caller),
            *_approvals(caller),
            *_waiting(caller),
            *_events(caller),
            *_failed(caller),
            *_answers(caller),
        ][:SHOWN],
        "moved": _moved(caller),
        "figures": _figures(caller),
        "running": [describe(run) for run in running],
        "health": found,
        "troubles": [part for part in found if part.state in ("bad", "warn")],
        "import_url": reverse("catalog:import"),
        "endpoint": f"{settings.PUBLIC_URL}/hf",
    }


def _disks(caller: Caller) -> list[dict[str, Any]]:
    """Disks that fill up and contents that rotted, for who keeps the yard."""
    if not caller.is_staff:
        return []
    needs = [
        {
            "icon": "hard-drive",
            "tone": state_of(volume),
            "title": f"The disk of {names_of(volume)} is {volume.percent} % full",
            "text": volume.trouble or f"Imports wait from {settings.DISK_PAUSE_PERCENT} % on.",
            "at": timezone.now(),
            "url": reverse("catalog:storage"),
            "action": "Look",
        }
        for volume in disks()
        if state_of(volume) != "ok"
    ]
    rotten = Content.objects.filter(quarantined_at__isnull=False)
    count, last = rotten.count(), rotten.aggregate(at=Max("quarantined_at"))["at"]
    if count:
        needs.append(
            {
                "icon": "hard-drive",
                "tone": "bad",
                "title": f"{count} content{'' if count == 1 else 's'} in quarantine",
                "text": "Their bytes rotted or are gone; the versions that have them are held.",
                "at": last,
                "url": reverse("catalog:storage"),
                "action": "Look",
            }
        )
    return needs


def _approvals(caller: Caller) -> list[dict[str, Any]]:
    if not caller.may(Scope.CURATE):
        return []
    return [
        {
            "icon": "stamp",
            "tone": "note",
            "title": f"{request.user.get_username()} asks for {request.model.name}",
            "text": request.reason or "No reason given.",
            "at": request.created_at,
            "url": reverse("catalog:approval", args=[request.pk]),
            "action": "Decide",
        }
        for request in open_requests(caller)[:SHOWN]
    ]


def _waiting(caller: Caller) -> list[dict[str, Any]]:
    """Versions that only a curator's word keeps back."""
    if not caller.may(Scope.CURATE):
        return []
    rows = waiting_versions(caller).annotate(before=F("parent__number"))[:SHOWN]
    return [
        {
            "icon": "hourglass",
            "tone": "note",
            "title": f"v{row.number} of {row.model.name} waits for a curator",
            "text": row.changes or "Its update rule brought it.",
            "at": row.decided_at,
            "url": reverse(
                "catalog:version-diff", args=[row.model.slug, row.before or row.number, row.number]
            ),
            "action": "Compare",
        }
        for row in rows
    ]


def _events(caller: Caller) -> list[dict[str, Any]]:
    """What happened at sources and nobody has noted yet."""
    if not caller.is_steward:
        return []
    return [
        {
            **look_of(event.kind),
            "title": f"{event.model.name}: {title_of(event).lower()}",
            "text": event.text,
            "at": event.at,
            "url": f"{reverse('catalog:model-versions', args=[event.model.slug])}#events",
            "action": "Look",
        }
        for event in unseen_events(caller)[:SHOWN]
    ]


def _failed(caller: Caller) -> list[dict[str, Any]]:
    failed = described_runs(caller).filter(state=RunState.FAILED)[:4]
    return [
        {
            "icon": "circle-x",
            "tone": "bad",
            "title": f"{describe(run).title} failed",
            "text": run.error,
            "at": run.finished_at,
            "url": reverse("catalog:job", args=[run.pk]),
            "action": "Look",
        }
        for run in failed
    ]


def _answers(caller: Caller) -> list[dict[str, Any]]:
    """What curators answered to this person lately."""
    answered = (
        AccessRequest.objects.filter(user_id=caller.person, needs_curator=True)
        .exclude(state=RequestState.OPEN)
        .select_related("model")
        .order_by("-decided_at")[:4]
    )
    return [
        {
            "icon": "circle-check" if request.state == RequestState.APPROVED else "hand",
            "tone": "ok" if request.state == RequestState.APPROVED else "warn",
            "title": f"{request.model.name} was {request.state}",
            "text": request.note or "No words were added.",
            "at": request.decided_at,
            "url": reverse("catalog:model", args=[request.model.slug]),
            "action": "Open",
        }
        for request in answered
    ]


def _moved(caller: Caller) -> list[dict[str, Any]]:
    models = visible_models(caller).select_related("head").order_by("-updated_at", "-id")[:10]
    return [
        {
            "at": model.updated_at,
            "kind": "admission",
            "value": model.admission,
            "word": "listed" if _is_listed(model) else "",
            "model": model,
            "text": _what_happened(model),
        }
        for model in models
    ]


def _is_listed(model: Model) -> bool:
    return model.admission == Admission.PENDING and model.head is None


def _what_happened(model: Model) -> str:
    above = "" if model.tier == Tier.PROFESSIONAL else " and above"
    return {
        Admission.ADMITTED: f"for tier {model.tier}{above}",
        Admission.HELD: "no policy admits it as it is",
        Admission.WITHDRAWN: "taken out of service by a curator",
    }.get(Admission(model.admission)) or _what_is_pending(model)


def _what_is_pending(model: Model) -> str:
    if model.head is None:
        return "known by name, not imported yet"
    failure = Failure.from_row(model.head.failure)
    return failure.sentence if failure else "being inspected"


def _figures(caller: Caller) -> list[dict[str, str]]:
    counted = facets_for(caller, ModelFilter())
    counts = {value: count.n for value, count in counted.values["status"].items()}
    stored = Content.objects.aggregate(n=Count("pk"), size=Sum("size"))
    return [
        {"label": "Models you see", "value": grouped(counted.total.n), "note": ""},
        {"label": "Admitted", "value": grouped(counts.get(Admission.ADMITTED, 0)), "note": ""},
        {"label": "Held", "value": grouped(counts.get(Admission.HELD, 0)), "note": ""},
        {
            "label": "Stored",
            "value": file_size(stored["size"] or 0),
            "note": f"{grouped(stored['n'])} contents, each kept once",
        },
    ]
