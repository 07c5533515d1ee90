"""What people do to transfers from outside: pause, resume, cancel, put first, throw away."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from core.errors import ConflictError, InvalidInputError, NotFoundError
from core.jobs import wake
from core.models import ACTIVE, Run
from downloads.fetchers import staging_path
from downloads.fetchers.staging import discard
from downloads.models import FileTransfer, RunTransfers, TransferState, Wish
from registry.models import WANTED, ModelVersion

HIGHEST = 100
RESTING = (TransferState.WAITING, TransferState.PAUSED, TransferState.FAILED)


def discard_staged(version: ModelVersion) -> None:
    """Throw away what is in staging for a version whose run was cancelled."""
    for file in version.files.filter(WANTED, content__isnull=True):
        discard(staging_path(settings.STAGING_DIR, f"file:{file.pk}"))


@transaction.atomic
def pause_run(run: Run) -> None:
    """Let nothing of a run move until somebody resumes it; what is there stays."""
    _check_active(run)
    RunTransfers.objects.get_or_create(run=run)
    RunTransfers.objects.filter(run=run).update(paused=True, asked=F("asked") + 1)


@transaction.atomic
def resume_run(run: Run) -> None:
    """Let a run move again, the files too that were paused one by one."""
    _check_active(run)
    RunTransfers.objects.get_or_create(run=run)
    RunTransfers.objects.filter(run=run).update(paused=False, asked=F("asked") + 1)
    rows = FileTransfer.objects.filter(run=run)
    rows.filter(state=TransferState.PAUSED).update(
        state=TransferState.WAITING, wish=Wish.NONE, finished_at=None
    )
    rows.filter(wish=Wish.PAUSE).update(wish=Wish.NONE)
    _wake(run)


@transaction.atomic
def prioritise_run(run: Run, priority: int) -> None:
    """Move the files of a run before those of others, or after them."""
    _check_active(run)
    _check_priority(priority)
    RunTransfers.objects.get_or_create(run=run)
    RunTransfers.objects.filter(run=run).update(priority=priority, asked=F("asked") + 1)


@transaction.atomic
def revive(run: Run) -> None:
    """Let a run that is tried again take what failed or was cancelled before, and nothing else."""
    RunTransfers.objects.filter(run=run).update(paused=False, asked=F("asked") + 1)
    FileTransfer.objects.filter(
        run=run,
        state__in=[TransferState.FAILED, TransferState.CANCELLED, TransferState.PAUSED],
    ).update(state=TransferState.WAITING, wish=Wish.NONE, finished_at=None)


def end_transfers(run: Run) -> None:
    """Mark what will not come any more because the whole run was cancelled."""
    open_rows = FileTransfer.objects.filter(run=run).exclude(state=TransferState.STORED)
    open_rows.update(state=TransferState.CANCELLED, wish="", speed=0, connections=0, done=0)
    RunTransfers.objects.filter(run=run).update(wanted=0, held=0, until=None)


@transaction.atomic
def pause_file(run: Run, pk: int) -> None:
    """Let one file wait until somebody resumes it; the others go on."""
    row = _row(run, pk)
    if row.state == TransferState.MOVING:
        _set(row, wish=Wish.PAUSE)
    elif row.state in RESTING:  # with the wish too: a worker may have begun it just now
        _set(row, state=TransferState.PAUSED, wish=Wish.PAUSE)
    else:
        raise _not_now(row, "paused")


@transaction.atomic
def resume_file(run: Run, pk: int) -> None:
    """Let one file move again that was paused, cancelled, or failed."""
    row = _row(run, pk)
    if row.state == TransferState.MOVING:
        _set(row, wish=Wish.NONE)
    elif row.state in (*RESTING, TransferState.CANCELLED):
        _set(row, state=TransferState.WAITING, wish=Wish.NONE, finished_at=None)
    else:
        raise _not_now(row, "resumed")
    _wake(run)


@transaction.atomic
def cancel_file(run: Run, pk: int) -> None:
    """Take one file out of a run and throw away what came of it; the others go on."""
    row = _row(run, pk)
    if row.state == TransferState.MOVING:
        _set(row, wish=Wish.CANCEL)
    elif row.state in RESTING:
        ended = {"done": 0, "finished_at": timezone.now()}
        _set(row, state=TransferState.CANCELLED, wish=Wish.CANCEL, **ended)
        discard(staging_path(settings.STAGING_DIR, f"file:{row.file_id}"))
    else:
        raise _not_now(row, "cancelled")


@transaction.atomic
def prioritise_file(run: Run, pk: int, priority: int) -> None:
    """Move one file before the others of its run, or after them."""
    _check_priority(priority)
    _set(_row(run, pk), priority=priority)


def _row(run: Run, pk: int) -> FileTransfer:
    """Lock a row against the worker that writes it."""
    _check_active(run)
    RunTransfers.objects.select_for_update().filter(run=run).first()
    row = FileTransfer.objects.select_for_update().filter(run=run, pk=pk).first()
    if row is None:
        raise NotFoundError("This job moves no such file.")
    return row


def _set(row: FileTransfer, **values: object) -> None:
    FileTransfer.objects.filter(pk=row.pk).update(**values)
    RunTransfers.objects.filter(run_id=row.run_id).update(asked=F("asked") + 1)


def _not_now(row: FileTransfer, word: str) -> ConflictError:
    return ConflictError(f"A file that is {row.state} cannot be {word}.", state=row.state)


def _check_active(run: Run) -> None:
    if run.state not in ACTIVE:
        raise ConflictError(
            f"The job has ended: {run.state}. Try it again to move what is missing.",
            state=run.state,
        )


def _check_priority(priority: int) -> None:
    if not -HIGHEST <= priority <= HIGHEST:
        raise InvalidInputError(
            f"A priority is a number from -{HIGHEST} to {HIGHEST}.", field="priority"
        )


def _wake(run: Run) -> None:
    """Let a run that waits go on now, not at its next look."""
    Run.objects.filter(pk=run.pk, lease_until__isnull=True).update(not_before=None)
    wake(run)
