"""Steer the files of a run: who asked for it may, and operators and curators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.db import transaction

from catalog.services.intake import check_may_steer
from core.errors import NotFoundError
from core.models import Run
from downloads.services import controls
from registry import audit
from registry.callers import Caller

ON_RUN: Final[dict[str, Callable[[Run], None]]] = {
    "pause": controls.pause_run,
    "resume": controls.resume_run,
}
ON_FILE: Final[dict[str, Callable[[Run, int], None]]] = {
    "pause": controls.pause_file,
    "resume": controls.resume_file,
    "cancel": controls.cancel_file,
}
PRIORITY: Final = "priority"


@transaction.atomic
def steer_run(*, caller: Caller, run: Run, action: str, priority: int = 0) -> None:
    """Pause or resume all that a run moves, or put it before others."""
    check_may_steer(caller, run)
    if action == PRIORITY:
        controls.prioritise_run(run, priority)
    elif action in ON_RUN:
        ON_RUN[action](run)
    else:
        raise NotFoundError(f"A job has no action {action!r}.")
    _note(caller, run, action)


@transaction.atomic
def steer_file(*, caller: Caller, run: Run, pk: int, action: str, priority: int = 0) -> None:
    """Pause, resume or cancel one file of a run, or put it before the others."""
    check_may_steer(caller, run)
    if action == PRIORITY:
        controls.prioritise_file(run, pk, priority)
    elif action in ON_FILE:
        ON_FILE[action](run, pk)
    else:
        raise NotFoundError(f"A file has no action {action!r}.")
    _note(caller, run, f"file_{action}")


def _note(caller: Caller, run: Run, action: str) -> None:
    audit.record(actor=caller, action=f"transfer.{action}", subject_type="run", subject=run.key)
