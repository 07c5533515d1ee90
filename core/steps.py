"""What a step of a run may use: progress, checkpoints, and leaving later steps out."""

from __future__ import annotations

import threading
import time

from django.utils import timezone

from core.errors import CancelledError, LeaseLostError
from core.models import Run, RunStep, StepState

PROGRESS_EVERY = 1.0


class StepContext:
    """What a step may use: its run, progress that is written at most once a second, checkpoints."""

    def __init__(self, run: Run, step: RunStep) -> None:
        self.run = run
        self.step = step
        self.lost = threading.Event()
        self._written = 0.0

    def progress(
        self, done: int, total: int | None = None, *, unit: str = "", message: str = ""
    ) -> None:
        """Note how far the step is; also a checkpoint."""
        self.step.done, self.step.total = done, total
        self.step.unit, self.step.message = unit, message[:400]
        if time.monotonic() - self._written >= PROGRESS_EVERY:
            self._written = time.monotonic()
            self.checkpoint()
            self.step.save(update_fields=["done", "total", "unit", "message"])

    def skip(self, *names: str, message: str) -> None:
        """Mark later steps as not needed; they are never started."""
        waiting = self.run.steps.filter(name__in=names, state=StepState.WAITING)
        waiting.update(state=StepState.SKIPPED, message=message, finished_at=timezone.now())

    def checkpoint(self) -> None:
        """Raise when this worker should stop: the run was cancelled, or another worker has it."""
        if self.lost.is_set():
            raise LeaseLostError(f"Another worker continued run {self.run.pk}")
        row = Run.objects.values_list("cancel_requested", "epoch").get(pk=self.run.pk)
        if row[1] != self.run.epoch:
            raise LeaseLostError(f"Another worker continued run {self.run.pk}")
        if row[0]:
            raise CancelledError("Cancelled on request")
