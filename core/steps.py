"""What a step of a run may use: progress, checkpoints, and leaving later steps out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from django.utils import timezone

from core.errors import CancelledError, LeaseLostError
from core.models import Run, RunStep, StepState

EVERY = 1.0  # seconds between two looks at the run, and between two writes of progress
LONG_AGO = float("-inf")


class StepContext:
    """What a step may use: its run, progress and checkpoints.

    Both may be called for each small file: the database hears of them once a second.
    """

    def __init__(
        self, run: Run, step: RunStep, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.run = run
        self.step = step
        self.lost = threading.Event()
        self._clock = clock
        self._written = self._looked = LONG_AGO

    def progress(
        self, done: int, total: int | None = None, *, unit: str = "", message: str = ""
    ) -> None:
        """Note how far the step is; also a checkpoint. The end of the step writes the last."""
        self.step.done, self.step.total = done, total
        self.step.unit, self.step.message = unit, message[:400]
        if self._clock() - self._written < EVERY:
            self.checkpoint()
            return
        self._written = self._clock()
        self._look()
        self.step.save(update_fields=["done", "total", "unit", "message"])

    def reporter(self, unit: str) -> Callable[[int, int, str], None]:
        """Give what tells of progress to those who know of no run."""

        def report(done: int, total: int, words: str) -> None:
            self.progress(done, total, unit=unit, message=words)

        return report

    def skip(self, *names: str, message: str) -> None:
        """Mark later steps as not needed; they are never started."""
        waiting = self.run.steps.filter(name__in=names, state=StepState.WAITING)
        waiting.update(state=StepState.SKIPPED, message=message, finished_at=timezone.now())

    def checkpoint(self) -> None:
        """Raise when this worker should stop: the run was cancelled, or another worker has it.

        What the heartbeat found is known at once, what others asked for within a second.
        """
        if self.lost.is_set() or self._clock() - self._looked >= EVERY:
            self._look()

    def _look(self) -> None:
        if self.lost.is_set():
            raise LeaseLostError(f"Another worker continued run {self.run.pk}")
        self._looked = self._clock()
        row = Run.objects.values_list("cancel_requested", "epoch").get(pk=self.run.pk)
        if row[1] != self.run.epoch:
            raise LeaseLostError(f"Another worker continued run {self.run.pk}")
        if row[0]:
            raise CancelledError("Cancelled on request")
