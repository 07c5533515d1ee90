"""Room on disks, promised before the first byte: nobody counts on what another will write."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Least
from django.utils import timezone

from core.errors import StorageFullError
from core.models import ACTIVE, Run
from core.storage.faults import local_faults
from core.volumes import free_bytes, same_volume
from core.wording import file_size
from downloads.models import RoomPromise, RunTransfers
from downloads.policy import Need, needs_of, shortage, space_needed
from downloads.selectors import promised
from downloads.services.space import check_room

_LOCK = 0x79617265  # any constant of our own: who asks for room asks one after the other
EVERY = 2.0  # seconds between two notes of what was written
Announced = Callable[[], tuple[Path, int]]
_announced: dict[str, Announced] = {}


def register(name: str, announced: Announced) -> None:
    """Let an app say where bytes will come to that no run moves, and how many."""
    _announced[name] = announced


def reserve(run: Run, sizes: list[tuple[int, int]]) -> None:
    """Promise a run the room for files given as (size, bytes staged); StorageFullError without it.

    What others that are under way were promised and have not written yet is not free: two runs
    never count on the same bytes. The promise ends with the run.
    """
    check_room()
    with _one_asks():
        _insist(_needs(run, sizes))
        RunTransfers.objects.filter(run=run).update(room_at=timezone.now())


def promise(run: Run | None, folders: Mapping[Path, int]) -> Promise:
    """Promise room for bytes that come to folders of different disks otherwise than as transfers.

    StorageFullError without it. Without a run nothing is kept: whoever asks goes on inside the same
    transaction to what `register` is told of, or takes the room that is there now.
    """
    with _one_asks():
        _insist([_need(run, folder, missing) for folder, missing in folders.items() if missing])
        if run is not None:
            RoomPromise.objects.filter(run=run).delete()
            RoomPromise.objects.bulk_create(
                RoomPromise(run=run, folder=str(folder), left=missing)
                for folder, missing in folders.items()
            )
    return Promise(run)


def of_contents(sizes: Sequence[int]) -> dict[Path, int]:
    """Say where contents that come one after the other need room, and how much."""
    total, largest = sum(sizes), max(sizes, default=0)
    if settings.S3_ENDPOINT:
        return {settings.STAGING_DIR: largest}
    if _store_apart():
        return {settings.STAGING_DIR: largest, settings.STORE_DIR: total}
    return {settings.STAGING_DIR: total}


class Promise:
    """Room that a run has; what is written is promised no more."""

    def __init__(self, run: Run | None) -> None:
        self._run = run
        self._noted = time.monotonic()

    def left(self, count: int) -> None:
        """Hear how many bytes are still to come."""
        if self._run is None or (time.monotonic() - self._noted < EVERY and count):
            return
        self._noted = time.monotonic()
        RoomPromise.objects.filter(run=self._run).update(left=Least(F("left"), max(0, count)))


@contextmanager
def _one_asks() -> Iterator[None]:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s::bigint)", [_LOCK])
        with local_faults("A disk that bytes come to"):
            yield


def _insist(needs: list[Need]) -> None:
    for need in needs:
        if lacking := shortage(need):
            raise _too_little(need, lacking)


def _needs(run: Run, sizes: list[tuple[int, int]]) -> list[Need]:
    """What the files of a run need on each volume, with what is free there and promised."""
    others = promised(except_run=run)
    staging, store = settings.STAGING_DIR, settings.STORE_DIR
    beside = {"staging": _beside(staging, except_run=run)}
    free = {"staging": free_bytes(staging)}
    if _store_apart():
        free["store"] = free_bytes(store)
        beside["store"] = _beside(store, except_run=run)
    return needs_of(
        sizes, free=free, arriving=others.arriving, to_store=others.to_store, beside=beside
    )


def _need(run: Run | None, folder: Path, missing: int) -> Need:
    """What bytes for a folder need on its volume."""
    others = promised(except_run=run)
    taken = _beside(folder, except_run=run)
    if same_volume(folder, settings.STAGING_DIR):
        taken += others.arriving
    if _store_apart() and same_volume(folder, settings.STORE_DIR):
        taken += others.to_store
    return Need(folder.name, space_needed(missing), free_bytes(folder), taken)


def _beside(folder: Path, *, except_run: Run | None) -> int:
    """Bytes that come to this volume otherwise than as transfers."""
    rows = RoomPromise.objects.filter(run__state__in=ACTIVE, left__gt=0)
    if except_run is not None:
        rows = rows.exclude(run=except_run)
    claims = [(Path(where), left) for where, left in rows.values_list("folder", "left")]
    claims += [ask() for ask in _announced.values()]
    return sum(left for where, left in claims if left and same_volume(where, folder))


def _store_apart() -> bool:
    """Whether contents are kept on another disk of this machine than they arrive on."""
    return not settings.S3_ENDPOINT and not same_volume(settings.STAGING_DIR, settings.STORE_DIR)


def _too_little(need: Need, lacking: int) -> StorageFullError:
    others = f", of which {file_size(need.promised)} are promised to others"
    return StorageFullError(
        f"This needs {file_size(need.bytes)} of free space for {need.place}; "
        f"{file_size(need.free)} are left{others if need.promised else ''}.",
        place=need.place,
        needed_bytes=need.bytes,
        free_bytes=need.free,
        promised_bytes=need.promised,
        lacking_bytes=lacking,
    )
