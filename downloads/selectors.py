"""What transfers may use, and where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils import timezone

from core.models import ACTIVE, Run
from downloads.models import FileTransfer, HostPace, RunTransfers, TransferLimit, TransferState
from downloads.pacing import FRESH
from downloads.sharing import ALL, SOURCE, Demand, Limits


def limits() -> dict[str, Limits]:
    """Give the limits by source, '' for all together; what no row says is the safe default."""
    found = {"": ALL}
    for row in TransferLimit.objects.all():
        found[row.source] = _limits_of(row, SOURCE if row.source else ALL)
    return found


def _limits_of(row: TransferLimit, usual: Limits) -> Limits:
    quiet = None
    if row.quiet_from is not None and row.quiet_until is not None:
        quiet = (row.quiet_from, row.quiet_until)
    return Limits(
        files=row.files_at_once or usual.files,
        rate=row.bytes_per_second,
        connections=row.connections_per_file or usual.connections,
        stall=row.stall_seconds or usual.stall,
        quiet=quiet,
        quiet_rate=row.quiet_bytes_per_second,
    )


def demands() -> list[Demand]:
    """Give what each run that moves files now would move at once, and holds."""
    now = timezone.now()
    rows = RunTransfers.objects.filter(until__gt=now, wanted__gt=0).values_list(
        "run_id", "source", "wanted", "held", "priority"
    )
    return [Demand(str(run), source, *numbers) for run, source, *numbers in rows]


def speeds() -> list[tuple[int, str, int]]:
    """Give id, source and speed of every file that a living worker moves now."""
    moving = FileTransfer.objects.filter(
        state=TransferState.MOVING, run__transfer_run__until__gt=timezone.now()
    )
    return list(moving.values_list("pk", "run__transfer_run__source", "speed"))


def known_paces() -> dict[str, int]:
    """Give the connections each host was quickest with, where that was measured lately."""
    since = timezone.now() - timedelta(seconds=FRESH)
    rows = HostPace.objects.filter(measured_at__gte=since)
    return dict(rows.values_list("host", "connections"))


def transfers_of(run: Run) -> QuerySet[FileTransfer]:
    """The files of a run with what a list shows of them."""
    return FileTransfer.objects.filter(run=run).select_related("file")


def counts_of(run: Run) -> dict[str, int]:
    """Count the files of a run by state."""
    rows = FileTransfer.objects.filter(run=run).order_by().values_list("state")
    return dict(rows.annotate(n=Count("pk")))


def totals_of(run: Run) -> dict[str, int]:
    """Add up what a run moves: `done`, `size` and `speed` of now."""
    added = FileTransfer.objects.filter(run=run).aggregate(
        done=Sum("done"),
        size=Sum("size"),
        speed=Sum("speed", filter=Q(state=TransferState.MOVING)),
    )
    return {name: value or 0 for name, value in added.items()}


@dataclass(frozen=True, slots=True)
class Promised:
    """Bytes that runs were promised: `arriving` are still to come, `to_store` still to be kept."""

    arriving: int
    to_store: int


def promised(*, except_run: Run | None) -> Promised:
    """Add up what the other runs under way may still write, from the rows of their files."""
    open_rows = FileTransfer.objects.filter(
        run__state__in=ACTIVE, run__transfer_run__room_at__isnull=False
    )
    if except_run is not None:
        open_rows = open_rows.exclude(run=except_run)
    added = open_rows.exclude(state__in=[TransferState.STORED, TransferState.CANCELLED]).aggregate(
        arriving=Sum(F("size") - F("done")), to_store=Sum("size")
    )
    return Promised(max(0, added["arriving"] or 0), added["to_store"] or 0)


def staged_files() -> QuerySet[FileTransfer, int]:
    """Ids of the files that a run under way has in staging, or will have."""
    open_rows = FileTransfer.objects.filter(run__state__in=ACTIVE)
    return open_rows.exclude(state=TransferState.STORED).values_list("file_id", flat=True)
