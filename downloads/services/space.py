"""Room on disks: promised to a run before its first byte, and watched while files come."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from core.errors import StorageFullError
from core.models import Run
from core.storage.faults import local_faults
from core.volumes import Volume, free_bytes, same_volume
from core.wording import file_size
from downloads.disks import disks, names_of
from downloads.models import RunTransfers
from downloads.policy import Need, needs_of, shortage
from downloads.selectors import promised

log = structlog.get_logger(__name__)
_LOCK = 0x79617265  # any constant of our own: who asks for room asks one after the other
EVERY = 2.0  # seconds that a look at the disks may be old


def reserve(run: Run, sizes: list[tuple[int, int]]) -> None:
    """Promise a run the room for files given as (size, bytes staged); StorageFullError without it.

    What other runs that are under way were promised and have not written yet is not free: two runs
    never count on the same bytes. The promise ends with the run.
    """
    check_room()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s::bigint)", [_LOCK])
        for need in _needs(run, sizes):
            if lacking := shortage(need):
                raise _too_little(need, lacking)
        RunTransfers.objects.filter(run=run).update(room_at=timezone.now())


def _needs(run: Run, sizes: list[tuple[int, int]]) -> list[Need]:
    """What the run needs on each volume, with what is free there and promised to others."""
    others = promised(except_run=run)
    staging, store = settings.STAGING_DIR, settings.STORE_DIR
    with local_faults("The disks of staging and store"):
        apart = not settings.S3_ENDPOINT and not same_volume(staging, store)
        free = {"staging": free_bytes(staging)}
        if apart:
            free["store"] = free_bytes(store)
    return needs_of(sizes, free=free, arriving=others.arriving, to_store=others.to_store)


def _too_little(need: Need, lacking: int) -> StorageFullError:
    others = f", of which {file_size(need.promised)} are promised to other jobs"
    return StorageFullError(
        f"This needs {file_size(need.bytes)} of free space for {need.place}; "
        f"{file_size(need.free)} are left{others if need.promised else ''}.",
        place=need.place,
        needed_bytes=need.bytes,
        free_bytes=need.free,
        promised_bytes=need.promised,
        lacking_bytes=lacking,
    )


class _Watch:
    """The last look at the disks of this process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._looked = float("-inf")
        self._full: Volume | None = None

    def full(self) -> Volume | None:
        with self._lock:
            if time.monotonic() - self._looked >= EVERY:
                self._looked = time.monotonic()
                self._full = next((one for one in disks() if _stops(one)), None)
            return self._full


def _stops(volume: Volume) -> bool:
    """Whether imports wait for this disk; at 100 percent only the disk itself says so."""
    matters = {"staging", "store"} & set(volume.places)
    limit = settings.DISK_PAUSE_PERCENT
    return bool(matters) and limit < 100 and volume.percent >= limit  # noqa: PLR2004 percent


_watch = _Watch()


def check_room() -> None:
    """Raise StorageFullError while a disk that files come to is as full as it may be."""
    volume = _watch.full()
    if volume is not None:
        raise StorageFullError(
            f"The disk of {names_of(volume)} is {volume.percent} % full; imports wait from "
            f"{settings.DISK_PAUSE_PERCENT} % on.",
            mount=volume.mount,
            percent=volume.percent,
            free_bytes=volume.free,
        )


def watched(checkpoint: Callable[[], None]) -> Callable[[], None]:
    """Make a checkpoint that also stops before a disk is full."""

    def check() -> None:
        checkpoint()
        check_room()

    return check
