"""Work on a run in this process and tell how it goes: for commands."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.utils import timezone

from core import runs
from core.models import Run, StepState
from core.wording import amount

_EVERY = 0.5


def work_on(run: Run, *, say: Callable[[str], None]) -> Run:
    """Do the steps of a run until it ends; where a worker has it, only tell how far it is."""
    told = ""
    while True:
        run.refresh_from_db()
        words = where_it_stands(run)
        if words != told:
            say(told := words)
        if not run.is_active:
            return run
        due = run.not_before is None or run.not_before <= timezone.now()
        free = run.lease_until is None or run.lease_until < timezone.now()
        if due and free:
            runs.advance(run.pk)
        else:
            time.sleep(_EVERY)


def where_it_stands(run: Run) -> str:
    """Say in a few words which step a run is at and how far, or how it ended."""
    step = run.steps.exclude(state__in=[StepState.DONE, StepState.SKIPPED]).first()
    if step is None:
        return str(run.state)
    if run.is_waiting:
        return f"{step.title}: waits. {step.message}"
    done = amount(step.done, step.total, step.unit) if step.total else ""
    return f"{step.title} {done}".strip()
