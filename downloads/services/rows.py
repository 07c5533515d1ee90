"""The rows of a run's transfers: made, corrected after a crash, written once a second."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from core.errors import LeaseLostError, ModelyardError
from core.models import Run
from downloads.models import FileTransfer, RunTransfers, TransferState
from downloads.services.endings import check_not_paused
from registry.models import ModelFile, ModelVersion

BATCH = 2000  # rows of one statement: PostgreSQL takes 65,535 parameters
CANCELLED = TransferState.CANCELLED
WRITTEN = [
    "state",
    "done",
    "speed",
    "connections",
    "fetcher",
    "attempts",
    "error_code",
    "error",
    "started_at",
    "finished_at",
]


@transaction.atomic
def prepare(run: Run, source: str, files: Iterable[ModelFile]) -> RunTransfers:
    """Make a row for each file to bring, and correct what an earlier worker left behind.

    What moved when a worker died waits again, what failed is tried again; what a person paused or
    cancelled stays so.
    """
    own, _ = RunTransfers.objects.get_or_create(run=run, defaults={"source": source})
    own = RunTransfers.objects.select_for_update().get(pk=own.pk)
    if own.epoch > run.epoch:
        raise LeaseLostError(f"Another worker moves the files of run {run.pk}")
    own.source, own.epoch = source, run.epoch
    own.save(update_fields=["source", "epoch"])
    FileTransfer.objects.bulk_create(
        [FileTransfer(run=run, file=file, size=file.size, priority=own.priority) for file in files],
        ignore_conflicts=True,
        batch_size=BATCH,
    )
    settle(run)
    check_not_paused(own)
    again = [TransferState.MOVING, TransferState.VERIFYING]
    rows = FileTransfer.objects.filter(run=run)
    if not rows.filter(state=TransferState.PAUSED).exists():
        again.append(TransferState.FAILED)  # else each look at what is paused would try them again
    rows.filter(state__in=again).update(
        state=TransferState.WAITING, speed=0, connections=0, finished_at=None
    )
    return own


def settle(run: Run) -> None:
    """Mark what is stored by now, by this run or by another one.

    Read first, then written by key: PostgreSQL may take an UPDATE over this join for one of few
    rows, when its statistics are older than the run, and compare each row with each, twice over.
    """
    rows = FileTransfer.objects.filter(run=run, file__content__isnull=False)
    stored = iter(rows.exclude(state=TransferState.STORED).values_list("pk", flat=True))
    while batch := list(islice(stored, BATCH)):
        FileTransfer.objects.filter(pk__in=batch).update(
            state=TransferState.STORED,
            done=F("size"),
            speed=0,
            connections=0,
            wish="",
            error_code="",
            error="",
            finished_at=timezone.now(),
        )


def to_move(run: Run, version: ModelVersion) -> list[FileTransfer]:
    """Give the rows of a run that are not stored, the first to move first."""
    rows = FileTransfer.objects.filter(run=run, file__version=version).exclude(
        state=TransferState.STORED
    )
    return list(rows.select_related("file").order_by("-priority", "size", "file__path"))


@transaction.atomic
def write(run: Run, changed: list[FileTransfer]) -> RunTransfers:
    """Write what became of these rows; raise LeaseLostError when another worker has the run."""
    own = RunTransfers.objects.select_for_update().get(run=run)
    if own.epoch != run.epoch:
        raise LeaseLostError(f"Another worker moves the files of run {run.pk}")
    if changed:
        FileTransfer.objects.bulk_update(changed, WRITTEN, batch_size=500)
    held = [row.pk for row in changed if row.state in (TransferState.PAUSED, CANCELLED)]
    if held:
        FileTransfer.objects.filter(pk__in=held).update(wish="")
    return own


def wishes(run: Run) -> dict[int, tuple[str, str, int]]:
    """Give (state, wish, priority) of every file of a run, as people left them."""
    rows = FileTransfer.objects.filter(run=run).values_list("pk", "state", "wish", "priority")
    return {pk: (state, wish, priority) for pk, state, wish, priority in rows}


def note_failure(run: Run, file: ModelFile, error: ModelyardError) -> None:
    """Note at its row why a file is not there."""
    row = FileTransfer.objects.filter(run=run, file=file).first()
    if row is not None:
        row.fail(error, timezone.now())
        row.save(update_fields=WRITTEN)
