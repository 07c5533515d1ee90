"""What the Jobs pages show of runs."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from catalog.selectors.runs import runs_for
from core.models import ACTIVE, Run, RunState, StepState
from core.pages import page_of
from registry.callers import Caller
from registry.enums import Scope

WAYS_ON = {
    "upstream_not_found": "Check the name. If the model is private or gated, give a token that may read it.",
    "upstream_forbidden": "Accept the model's terms at its source, or give a token that may read it.",
    "upstream_rate_limited": "Wait a while and try again; a token has a higher limit.",
    "upstream_unavailable": "The source did not answer after several tries. Try again later.",
    "integrity_mismatch": "The source sent other bytes than it published. Tell its owner; do not use a copy from elsewhere.",
    "storage_full": "Free some space, then try again: what arrived is kept.",
    "storage_unavailable": "The content store did not answer. An operator can look at its health; then try again.",
    "invalid_input": "The repository holds something that the yard refuses to keep. Its owner can mend it.",
}


def described_runs(caller: Caller) -> QuerySet[Run]:
    return (
        runs_for(caller)
        .select_related("intake__model", "intake__version")
        .prefetch_related("steps", "intake__askers__user")
    )


def describe(run: Run) -> Run:
    """Put the words on a run that its templates read."""
    steps = sorted(run.steps.all(), key=lambda step: step.position)
    run.steps_list = steps  # type: ignore[attr-defined]
    run.current = next((step for step in steps if step.state == StepState.RUNNING), None)  # type: ignore[attr-defined]
    intake = getattr(run, "intake", None)
    run.title = f"Import {intake.repo_id}" if intake else run.key  # type: ignore[attr-defined]
    askers = [asker.user.get_username() for asker in intake.askers.all()] if intake else []
    run.requested_by = ", ".join(askers)  # type: ignore[attr-defined]
    run.model_slug = intake.model.slug if intake and intake.model else ""  # type: ignore[attr-defined]
    run.way_on = WAYS_ON.get(
        run.error_code, "Try again; if it fails the same way, tell an operator."
    )  # type: ignore[attr-defined]
    return run


def may_operate(caller: Caller) -> bool:
    return caller.may(Scope.OPERATE) or caller.may(Scope.CURATE)


def list_context(request: HttpRequest, caller: Caller) -> dict[str, Any]:
    runs = described_runs(caller)
    state = request.GET.get("state", "")
    counts = dict(runs_for(caller).values_list("state").annotate(n=Count("pk")))
    shown = runs.filter(state=state) if state in RunState.values else runs
    page = page_of(request, shown.exclude(state__in=ACTIVE), by="-created_at", size=50)
    active = shown.filter(state__in=ACTIVE).order_by("-created_at")[:50]
    return {
        "tabs": _tabs(counts, state),
        "active": [describe(run) for run in active],
        "runs": [describe(run) for run in page.rows],
        **page.links,
        "state": state,
        "may_operate": may_operate(caller),
    }


def _tabs(counts: dict[str, int], state: str) -> list[dict[str, object]]:
    url = reverse("catalog:jobs")
    every = {"url": url, "title": "All", "count": sum(counts.values()), "here": not state}
    return [every] + [
        {
            "url": f"{url}?state={value}",
            "title": label,
            "count": counts.get(value, 0),
            "here": state == value,
        }
        for value, label in RunState.choices
    ]


def run_context(caller: Caller, run: Run) -> dict[str, Any]:
    intake = getattr(run, "intake", None)
    model = intake.model if intake else None
    return {
        "run": describe(run),
        "model": model,
        "version": intake.version if intake else None,
        "may_operate": may_operate(caller) or _asked(caller, run),
    }


def _asked(caller: Caller, run: Run) -> bool:
    intake = getattr(run, "intake", None)
    return bool(intake) and any(asker.user_id == caller.user_id for asker in intake.askers.all())
