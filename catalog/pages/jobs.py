"""What the Jobs pages show of runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from catalog.forms import TokenForm
from catalog.models import reading_of
from catalog.pages import bundles
from catalog.pages.transfers import files_context
from catalog.selectors.runs import runs_for
from core import pipelines
from core.models import ACTIVE, Run, RunState, RunStep, StepState
from core.pages import Order, links, page_of, read_time
from registry.callers import Caller
from registry.models import Model

NEWEST = Order(column="created_at", descending=True, read=read_time, text_ids=True)
WAYS_ON = {
    "upstream_not_found": "Check the name. For a private model give a token with the retry.",
    "upstream_forbidden": "Accept the terms at the source; give a token with the retry.",
    "upstream_rate_limited": "Wait a while and try again; a token has a higher limit.",
    "upstream_pending": "The source did not have it within a day. Ask who keeps that yard.",
    "upstream_unavailable": "The source did not answer after several tries. Try again later.",
    "integrity_mismatch": "The source sent other bytes than it published. Tell its owner.",
    "storage_full": "Free some space, then try again: what arrived is kept.",
    "storage_unavailable": "The store did not answer. Look at its health, then try again.",
    "bundle_refused": "Nothing of it was taken in. Copy it again, or ask who sent it.",
    "transfer_cancelled": "Try again to fetch the files that were cancelled.",
    "llm_unavailable": "Nothing depends on it: what rules read stays. Try again later.",
    "llm_refused": "An operator looks at the key and the model of the provider.",
    "invalid_input": "The repository holds what the yard refuses. Its owner can mend it.",
}
DRAWN = 5  # jobs that have begun shown with all their steps; more would hide the rest
WAITING = {
    "storage_full": "Free some space: it goes on by itself, and what arrived is kept.",
    "storage_unavailable": "Bring the store or its disk back: it goes on by itself.",
    "database_away": "It goes on by itself when the database answers.",
    "broker_away": "It goes on by itself when the broker answers.",
    "transfers_paused": "Resume it below: what arrived is kept.",
    "rescan_waits": "It goes on by itself when imports are scanned and every engine answers.",
    "upstream_pending": "It asks again by itself when the source said it would be there.",
    "quiet_hours": "It goes on by itself; an operator sets the hours in the admin.",
}
OTHER_WAY_ON = "Try again; if it fails the same way, tell an operator."


def described_runs(caller: Caller) -> QuerySet[Run]:
    return (
        runs_for(caller)
        .select_related(
            "intake__model",
            "intake__version",
            "bundle_export__asked_by",
            "bundle_import__asked_by",
            "card_reading__version__model",
        )
        .prefetch_related("steps", "intake__askers__user")
    )


@dataclass(frozen=True)
class Job:
    """A run with the words that pages say of it."""

    run: Run
    title: str
    requested_by: str
    model_slug: str
    way_on: str
    needs_token: bool
    steps_list: list[RunStep]

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 everything else is the run's own
        return getattr(self.run, name)

    @property
    def shown_state(self) -> str:
        return "waiting" if self.run.is_waiting else str(self.run.state)

    @property
    def waits_because(self) -> str:
        """What the machine lacks, in the words of the step that stands still."""
        if not self.run.is_waiting:
            return ""
        return next((s.message for s in self.steps_list if s.state == StepState.WAITING), "")

    @property
    def current(self) -> RunStep | None:
        return next((step for step in self.steps_list if step.state == StepState.RUNNING), None)


def describe(run: Run) -> Job:
    intake, model = getattr(run, "intake", None), _model_of(run)
    askers = [asker.user.get_username() for asker in intake.askers.all()] if intake else []
    return Job(
        run=run,
        title=f"Import {intake.repo_id}" if intake else _title(run),
        requested_by=", ".join(askers) or bundles.asked_by(run),
        model_slug=model.slug if model else "",
        needs_token=bool(run.error_details.get("needs_token")),
        way_on=(WAITING if run.is_waiting else WAYS_ON).get(
            run.waiting_for or run.error_code, OTHER_WAY_ON
        ),
        steps_list=_steps(run),
    )


def _title(run: Run) -> str:
    if (reading := reading_of(run)) is not None:
        return f"Read card of {reading.model.repo_id}"
    return bundles.title_of(run) or pipelines.title_of(run)


def _model_of(run: Run) -> Model | None:
    """The model that a run is about, once it is known."""
    if (reading := reading_of(run)) is not None:
        return reading.model
    intake = getattr(run, "intake", None)
    return intake.model if intake else None


def _steps(run: Run) -> list[RunStep]:
    """The steps in order; the one that a person stopped is not shown as if it had failed."""
    steps = sorted(run.steps.all(), key=lambda step: step.position)
    for step in steps if run.state == RunState.CANCELLED else ():
        if step.state == StepState.FAILED:
            step.state = str(RunState.CANCELLED)
    return steps


def list_context(request: HttpRequest, caller: Caller) -> dict[str, Any]:
    runs = described_runs(caller)
    state = request.GET.get("state", "")
    counts = dict(runs_for(caller).values_list("state").annotate(n=Count("pk")))
    shown = runs.filter(state=state) if state in RunState.values else runs
    ended = shown.exclude(state__in=ACTIVE)
    page = page_of(ended, order=NEWEST, cursor=request.GET.get("cursor", ""), limit=50)
    begun_first = F("started_at").desc(nulls_last=True)
    active = list(shown.filter(state__in=ACTIVE).order_by(begun_first, "created_at")[:50])
    drawn = [run for run in active if run.started_at][:DRAWN]
    return {
        "tabs": _tabs(counts, state),
        "active": [describe(run) for run in drawn],
        "more_active": [describe(run) for run in active[len(drawn) :]],
        "runs": [describe(run) for run in page.rows],
        **links(request, page),
        "state": state,
        "may_operate": caller.is_steward,
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


def run_context(request: HttpRequest, caller: Caller, run: Run) -> dict[str, Any]:
    about = getattr(run, "intake", None) or reading_of(run)
    return {
        "run": describe(run),
        "token_form": TokenForm(),
        "model": _model_of(run),
        "version": about.version if about else None,
        "may_operate": caller.is_steward or _asked(caller, run),
        **bundles.result_context(run),
        **files_context(request, run),
    }


def _asked(caller: Caller, run: Run) -> bool:
    intake = getattr(run, "intake", None)
    if intake is None:
        return False
    return any(asker.user_id == caller.user_id for asker in intake.askers.all())
