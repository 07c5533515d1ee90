"""Advance a run by one step under a lease: claim, heartbeat, work, record the end."""

from __future__ import annotations

import os
import random
import socket
import threading
import time
import uuid
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from core import jobs, pipelines
from core.errors import CancelledError, DatabaseAwayError, LeaseLostError, ModelyardError
from core.models import ACTIVE, Run, RunState, RunStep, StepState
from core.pauses import LONGEST_PAUSE, LONGEST_WAIT, pause, waited_enough
from core.plain_values import plain_text, plain_values
from core.steps import StepContext
from core.waiting import later_than

log = structlog.get_logger(__name__)
WORKER = f"{socket.gethostname()}:{os.getpid()}"
MAX_RETRIES = 3
MAX_CLAIMS = 25  # a step that takes its worker down each time ends here


def claim(run_id: uuid.UUID) -> Run | None:
    """Take a run that is due and that nobody holds. One UPDATE decides, so only one worker wins."""
    now = timezone.now()
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    due = Q(not_before__isnull=True) | Q(not_before__lte=now)
    won = Run.objects.filter(free, due, pk=run_id, state__in=ACTIVE).update(
        state=RunState.RUNNING,
        lease_until=now + settings.RUN_LEASE,
        epoch=F("epoch") + 1,
        worker=WORKER,
        not_before=None,
    )
    if not won:
        return None
    Run.objects.filter(pk=run_id, started_at__isnull=True).update(started_at=now)
    return Run.objects.get(pk=run_id)


def advance(run_id: uuid.UUID) -> None:
    """Do the next step of a run, then wake a worker for the one after it."""
    run = claim(run_id)
    if run is None:
        return  # another worker has it, it waits for its time, or it has ended
    structlog.contextvars.bind_contextvars(run_id=str(run.pk))
    try:
        _advance(run)
    finally:
        structlog.contextvars.unbind_contextvars("run_id", "step")


def _advance(run: Run) -> None:
    row = jobs.next_step(run)
    if row is None:
        _end_without_step(run)
        return
    structlog.contextvars.bind_contextvars(step=row.name)
    context = StepContext(run, row)
    _mark_started(row)
    if row.claims > MAX_CLAIMS:
        lost = ModelyardError(f"Step {row.name} took its worker down {MAX_CLAIMS} times")
        _record_failure(context, lost)
        return
    step = pipelines.get(run.kind).step(row.name)
    try:
        with _heartbeat(context):
            context.checkpoint()
            step.work(context)
            _record_done(context)
    except LeaseLostError:
        log.warning("lease_lost")
    except ModelyardError as error:
        _record_failure(context, error)
    except (OperationalError, InterfaceError) as error:
        _release_when_back(context, error)
    except Exception as error:
        log.exception("step_crashed")
        _record_failure(context, ModelyardError(f"{type(error).__name__} in step {row.name}"))


def _release_when_back(context: StepContext, error: Exception) -> None:
    """Give the step back when the database answers again; if it stays away the lease runs out."""
    log.warning("database_away", error=str(error))
    away = DatabaseAwayError("The database went away.", retry_after=0)
    for _ in range(10):
        connection.close()
        try:
            _record_failure(context, away)
        except (OperationalError, InterfaceError):
            time.sleep(1)
        else:
            return


def _mark_started(row: RunStep) -> None:
    row.state, row.claims, row.message = StepState.RUNNING, row.claims + 1, ""
    row.started_at = row.started_at or timezone.now()
    row.save(update_fields=["state", "claims", "message", "started_at"])
    log.info("step_started", claims=row.claims)


def _hold(context: StepContext) -> Run:
    """Lock the run and make sure that this worker still holds it."""
    run = Run.objects.select_for_update().get(pk=context.run.pk)
    if run.epoch != context.run.epoch:
        raise LeaseLostError(f"Another worker continued run {run.pk}")
    return run


@transaction.atomic
def _record_done(context: StepContext) -> None:
    run, step = _hold(context), context.step
    step.state, step.finished_at = StepState.DONE, timezone.now()
    if step.total is not None:
        step.done = step.total
    step.save()
    log.info("step_done")
    if jobs.next_step(run) is None:
        _end(context, run, RunState.DONE)
        return
    run.lease_until, run.result = None, context.run.result
    run.waiting_for, run.waits = "", 0
    run.save(update_fields=["lease_until", "result", "waiting_for", "waits"])
    jobs.wake(run)


def _end_without_step(run: Run) -> None:
    with transaction.atomic():
        context = StepContext(run, RunStep(run=run))
        _end(context, _hold(context), RunState.DONE)


def _record_failure(context: StepContext, error: ModelyardError) -> None:
    try:
        with transaction.atomic():
            _fail(context, error)
    except LeaseLostError:
        log.warning("lease_lost")


def _fail(context: StepContext, error: ModelyardError) -> None:
    run, step = _hold(context), context.step
    run.result = context.run.result
    enough = waited_enough(error, since=step.started_at)
    if error.waits and not run.cancel_requested and not enough:
        _wait(run, step, error)
        return
    if error.retryable and step.retries < MAX_RETRIES and not run.cancel_requested:
        _postpone(run, step, error)
        return
    cancelled = isinstance(error, CancelledError)
    step.state, step.finished_at = StepState.FAILED, timezone.now()
    message = plain_text(error.message)
    step.message = message[:400]
    step.save()
    run.error_code, run.error, run.error_details = error.code, message, plain_values(error.details)
    log.warning("step_failed", code=error.code, error=error.message)
    _end(context, run, RunState.CANCELLED if cancelled else RunState.FAILED)


def _postpone(run: Run, step: RunStep, error: ModelyardError) -> None:
    """Back to the queue: soon after what the source asked for, otherwise 2, 4, 8 seconds."""
    asked = error.details.get("retry_after")
    step.retries += 1
    delay = 2.0**step.retries
    if isinstance(asked, int | float):
        delay = later_than(float(min(asked, LONGEST_WAIT)), random.random)
    step.state, step.message = StepState.WAITING, plain_text(f"{error.message} Trying again.")[:400]
    step.save()
    run.waiting_for, run.waits = "", 0
    _put_off(run, delay)
    log.info("step_postponed", code=error.code, seconds=delay)


def _wait(run: Run, step: RunStep, error: ModelyardError) -> None:
    """Back to the queue until the machine is well again, or the source has what it promised.

    No try is used up. The database alone is looked at again at once, and its claims stay counted:
    an error of it may be the step's own fault.
    """
    now = timezone.now()
    lately = run.waited_at and now - run.waited_at < timedelta(seconds=4 * LONGEST_PAUSE)
    run.waits = run.waits + 1 if lately else 1
    delay = pause(error, times=run.waits, dice=random.random)
    if not isinstance(error, DatabaseAwayError):
        step.claims = max(0, step.claims - 1)
    step.state, step.message = StepState.WAITING, plain_text(error.message)[:400]
    step.save()
    run.waiting_for, run.waited_at = error.code, now
    _put_off(run, delay)
    log.warning("run_waits", code=error.code, error=error.message, seconds=delay, times=run.waits)


def _put_off(run: Run, delay: float) -> None:
    run.not_before, run.lease_until = timezone.now() + timedelta(seconds=delay), None
    run.save()
    jobs.wake(run, countdown=delay)


def _end(context: StepContext, run: Run, state: RunState) -> None:
    run.state, run.finished_at, run.lease_until = state, timezone.now(), None
    run.result, run.waiting_for, run.waits = context.run.result, "", 0
    run.save()
    on_end = pipelines.get(run.kind).on_end
    if on_end is not None:
        context.run = run
        on_end(context)
    log.info("run_ended", state=str(state))


class _heartbeat:  # noqa: N801 reads as a block: `with _heartbeat(context)`
    """Renew the lease from a thread while the block runs; tell the context when it is lost."""

    def __init__(self, context: StepContext) -> None:
        self.context = context
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> None:
        self.thread.start()

    def __exit__(self, *exc: object) -> None:
        self.stop.set()
        self.thread.join()

    def _beat(self) -> None:
        try:
            while not self.stop.wait(settings.RUN_LEASE.total_seconds() / 4):
                self._renew()
        finally:
            connection.close()

    def _renew(self) -> None:
        try:
            kept = Run.objects.filter(pk=self.context.run.pk, epoch=self.context.run.epoch).update(
                lease_until=timezone.now() + settings.RUN_LEASE
            )
        except Exception:  # noqa: BLE001 the database is away: the next beat tries again
            log.warning("heartbeat_missed")
            connection.close()
        else:
            if not kept:
                self.context.lost.set()


def wake_waiting(code: str) -> int:
    """Let the runs that wait for this look again now: something changed; say how many."""
    waiting = Run.objects.filter(waiting_for=code, lease_until__isnull=True, state__in=ACTIVE)
    for run in (found := list(waiting)):
        Run.objects.filter(pk=run.pk, lease_until__isnull=True).update(not_before=timezone.now())
        jobs.wake(run)
    return len(found)


def sweep() -> int:
    """Wake every run that is due, that nobody holds and that was not woken lately; say how many."""
    now = timezone.now()
    lately = now - timedelta(seconds=settings.SWEEP_INTERVAL)
    due = Run.objects.filter(
        Q(lease_until__isnull=True) | Q(lease_until__lt=now),
        Q(not_before__isnull=True) | Q(not_before__lte=now),
        Q(woken_at__isnull=True) | Q(woken_at__lt=lately),
        state__in=ACTIVE,
    )
    runs = list(due[:500])
    for run in runs:
        jobs.wake(run)
    return len(runs)
