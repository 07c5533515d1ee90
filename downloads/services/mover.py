"""Move the files of one run, several at once, until each is whole, held or failed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime
from typing import Final

import structlog
from django.db import DatabaseError, connection
from django.utils import timezone

from core.errors import CancelledError, IntegrityError, LeaseLostError, ModelyardError, StorageError
from downloads.fetchers.staging import discard
from downloads.models import FileTransfer, RunTransfers, TransferState, Wish
from downloads.services import endings, places, rows
from downloads.services.bringing import ATTEMPTS, HeldError, Moving, bring
from downloads.services.steer import Helm
from downloads.services.storing import bytes_differ
from downloads.services.transfer import Transfer
from registry.models import ModelFile

log = structlog.get_logger(__name__)
Keep = Callable[[Transfer, ModelFile], None]
EVERY: Final = 1.0  # seconds between two looks at the rows, and between two writes
LOOK: Final = 0.1
MOST: Final = 64
KEEPERS: Final = 2
ARRIVED: Final = (TransferState.VERIFYING, TransferState.STORED)


class Mover:
    """The one thread that decides and writes; other threads only move bytes and keep files."""

    def __init__(
        self, transfer: Transfer, transfers: list[FileTransfer], *, keep: Keep | None = None
    ) -> None:
        self._transfer, self._run, self._keep = transfer, transfer.run, keep
        self._rows = {row.pk: row for row in transfers}
        self._waiting: list[FileTransfer] = []
        self._moving: dict[Future[None], tuple[FileTransfer, Moving]] = {}
        self._keeping: dict[Future[None], FileTransfer] = {}
        self._changed: set[int] = set()
        self._asked = -1
        self._places = 0
        self._differed: Counter[int] = Counter()
        self._errors: dict[int, ModelyardError] = {}
        self._synced = float("-inf")
        self._helm = Helm(transfer)
        self._total = sum(row.size for row in transfers)

    def work(self) -> None:
        """Move all there is to move; raise at the end when something is not there."""
        with ThreadPoolExecutor(MOST) as movers, ThreadPoolExecutor(KEEPERS) as keepers:
            try:
                self._sync()
                while self._waiting or self._moving or self._keeping:
                    self._start(movers)
                    self._wait()
                    self._collect(keepers)
                    self._report()
                    if self._transfer.clock() - self._synced >= EVERY:
                        self._sync()
                self._finish()
            except BaseException as error:
                self._stop_all(error)
                raise
        endings.raise_what_is_missing(list(self._rows.values()), self._errors)

    def _start(self, pool: ThreadPoolExecutor) -> None:
        started = False
        while self._waiting and len(self._moving) < self._places:
            row = self._waiting.pop(0)
            moving = Moving(row.file, done=row.done, plan=self._helm.plan(row))
            row.start(timezone.now())
            self._changed.add(row.pk)
            self._moving[pool.submit(bring, self._transfer, moving)] = (row, moving)
            started = True
        if started:
            self._helm.steer(self._moving.values())

    def _wait(self) -> None:
        under_way = [*self._moving, *self._keeping]
        if under_way:
            wait(under_way, timeout=LOOK, return_when=FIRST_COMPLETED)
        else:
            time.sleep(LOOK)

    def _collect(self, keepers: ThreadPoolExecutor) -> None:
        for row, moving in self._moving.values():
            row.done, row.speed = moving.done, moving.speed
            row.connections, row.fetcher = moving.connections, moving.fetcher
        for future in [future for future in self._moving if future.done()]:
            row, moving = self._moving.pop(future)
            self._helm.let_go(row)
            self._changed.add(row.pk)
            self._end(row, future.exception())
            if row.state == TransferState.VERIFYING and self._keep:
                self._keeping[keepers.submit(_keep, self._keep, self._transfer, row.file)] = row
        for future in [future for future in self._keeping if future.done()]:
            self._kept(self._keeping.pop(future), future.exception())

    def _end(self, row: FileTransfer, error: BaseException | None) -> None:
        now = timezone.now()
        if error is None:
            row.end(TransferState.VERIFYING, now)
        elif isinstance(error, HeldError):
            self._hold(row, now)
        elif isinstance(error, StorageError | LeaseLostError | CancelledError):
            row.end(TransferState.WAITING, now)
            raise error
        else:
            self._errors[row.pk] = endings.as_ours(error, row.file.path)
            row.fail(self._errors[row.pk], now)
            log.warning("file_failed", path=row.file.path, code=row.error_code)

    def _hold(self, row: FileTransfer, now: datetime) -> None:
        """Do what a person asked for this file; without a wish the whole run stops."""
        if row.wish == Wish.CANCEL:
            discard(self._transfer.staging(row.file))
            row.done = 0
            row.end(TransferState.CANCELLED, now)
        else:
            row.end(TransferState.PAUSED if row.wish else TransferState.WAITING, now)

    def _kept(self, row: FileTransfer, error: BaseException | None) -> None:
        """A file that could not be kept stays in staging: the next step tells why, or mends it."""
        self._changed.add(row.pk)
        if isinstance(error, LeaseLostError | CancelledError):
            raise error
        if error is None:
            row.end(TransferState.STORED, timezone.now())
        elif isinstance(error, IntegrityError):
            self._fetch_anew(row, error)
        else:
            log.warning("file_not_kept_yet", path=row.file.path, error=str(error))

    def _fetch_anew(self, row: FileTransfer, error: IntegrityError) -> None:
        """Throw other bytes away and fetch them from the beginning, a few times."""
        discard(self._transfer.staging(row.file))
        self._differed[row.pk] += 1
        log.warning("bytes_differ", path=row.file.path, attempt=self._differed[row.pk])
        row.done = 0
        if self._differed[row.pk] < ATTEMPTS:
            row.end(TransferState.WAITING, timezone.now())
            self._waiting.append(row)
        else:
            self._errors[row.pk] = bytes_differ(row.file, error)
            row.fail(self._errors[row.pk], timezone.now())

    def _report(self) -> None:
        done = sum(row.done for row in self._rows.values())
        paths = [row.file.path for row, _ in self._moving.values()]
        words = paths[0] if paths else ""
        self._transfer.report(min(done, self._total), self._total, words)

    def _sync(self) -> None:
        """Write what changed, hear what people asked, and take or give back places."""
        self._synced = self._transfer.clock()
        self._transfer.checkpoint()
        own = self._write()
        endings.check_not_paused(own)
        if own.asked != self._asked:
            self._asked = own.asked
            self._hear()
        self._helm.look()
        self._places = places.hold(
            self._run,
            wanted=min(MOST, len(self._waiting) + len(self._moving)),
            moving=len(self._moving),
            limits=self._helm.limits,
        )
        self._helm.steer(self._moving.values())

    def _write(self) -> RunTransfers:
        changed = self._changed | {row.pk for row, _ in self._moving.values()}
        own = rows.write(self._run, [self._rows[pk] for pk in changed])
        self._changed.clear()
        return own

    def _hear(self) -> None:
        """Take up what people asked of single files since the last look."""
        moving = {row.pk: one for row, one in self._moving.values()}
        for pk, (state, wish, priority) in rows.wishes(self._run).items():
            if (row := self._rows.get(pk)) is None:
                continue
            row.wish, row.priority = wish, priority
            if pk in moving:
                moving[pk].stop = HeldError(f"{row.file.path} is to stop") if wish else None
            elif row.state not in ARRIVED:
                row.state, row.wish = state, Wish.NONE
        self._waiting = sorted(
            (row for row in self._rows.values() if row.state == TransferState.WAITING),
            key=lambda row: (-row.priority, row.size, row.file.path),
        )

    def _finish(self) -> None:
        self._write()
        places.hold(self._run, wanted=0, moving=0, limits=self._helm.limits)
        self._helm.remember()
        self._report()

    def _stop_all(self, error: BaseException) -> None:
        """Let every thread end; what another worker goes on with at once is left to aria2."""
        stays = isinstance(error, CancelledError) or getattr(error, "waits", False)
        reason = HeldError("The run stops") if stays else LeaseLostError("This worker stops")
        for row, moving in self._moving.values():
            moving.stop = reason
            self._helm.let_go(row)
        wait([*self._moving, *self._keeping])
        if stays:
            self._write_stopped()

    def _write_stopped(self) -> None:
        for row, moving in self._moving.values():
            row.done = moving.done
            row.end(TransferState.WAITING, timezone.now())
        try:
            self._write()
            places.hold(self._run, wanted=0, moving=0, limits=self._helm.limits)
        except (DatabaseError, LeaseLostError) as error:
            log.info("transfers_not_written", error=type(error).__name__)


def _keep(keep: Keep, transfer: Transfer, file: ModelFile) -> None:
    """Keep a file in this thread, with a connection that is not left open."""
    try:
        keep(transfer, file)
    finally:
        connection.close()
