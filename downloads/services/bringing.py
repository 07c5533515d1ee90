"""Bring one file into staging, in whatever thread; nothing here touches the database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import structlog

from core.errors import CancelledError
from downloads.fetchers import Fetcher, FetchRequest, Progress
from downloads.fetchers.base import FetcherAwayError
from downloads.fetchers.staging import is_complete
from downloads.fetchers.steering import Steering
from downloads.links import FileLink
from downloads.services.transfer import Transfer
from registry.models import ModelFile

log = structlog.get_logger(__name__)
Arrived = Callable[[Progress], None]
ATTEMPTS = 3  # other bytes are fetched anew so often
SMOOTH = 0.4  # weight of the newest speed


class HeldError(CancelledError):
    """This file alone is to stop, or all of them for a while: nothing of it is thrown away."""


@dataclass(eq=False)
class Moving:
    """One file under way: what its thread tells, and what it is told."""

    file: ModelFile
    steering: Steering = field(default_factory=Steering)
    done: int = 0
    speed: int = 0
    best: int = 0  # the highest speed so far
    connections: int = 0
    fetcher: str = ""
    host: str = ""
    stop: BaseException | None = None
    plan: Callable[[str], int] | None = None  # connections to begin with, by host

    def hear(self, progress: Progress) -> None:
        fresh = progress.speed
        self.speed = int(SMOOTH * fresh + (1 - SMOOTH) * self.speed) if self.speed else fresh
        self.best = max(self.best, self.speed)
        self.done, self.connections = progress.done, progress.connections

    def stopped(self) -> bool:
        if self.stop is not None:
            raise self.stop
        return False


def bring(transfer: Transfer, moving: Moving) -> None:
    """Bring the file of `moving` into staging, whole; its hash is not looked at here.

    An aria2 that stays away is done without: our own downloader goes on with what it has.
    """
    if is_complete(transfer.staging(moving.file), moving.file.size):
        return
    moving.stopped()
    link = transfer.links.link(moving.file.path)
    moving.host = urlsplit(link.url).hostname or ""
    if moving.plan:
        moving.steering.connections = moving.plan(moving.host)
    fetcher = transfer.fetcher_for(moving.file, link)
    try:
        _fetch(transfer, moving, link, fetcher)
    except FetcherAwayError:
        log.warning("aria2_away", path=moving.file.path)
        fresh = _afresh(transfer, moving.file)
        _fetch(transfer, moving, fresh, transfer.own_fetcher(fresh.token))


def _fetch(transfer: Transfer, moving: Moving, link: FileLink, fetcher: Fetcher) -> None:
    file = moving.file
    moving.fetcher = fetcher.slug
    fetcher.fetch(
        FetchRequest(url=link.url, size=file.size, staging=transfer.staging(file), name=file.path),
        resolve=lambda: _afresh(transfer, file).url,
        progress=moving.hear,
        cancelled=moving.stopped,
        steering=moving.steering,
    )


def _afresh(transfer: Transfer, file: ModelFile) -> FileLink:
    log.info("address_resolved_again", path=file.path)
    return transfer.links.link(file.path)


class _Told(Moving):
    """A file whose progress is told at once, in the thread that moves it."""

    def __init__(self, file: ModelFile, transfer: Transfer, arrived: Arrived) -> None:
        super().__init__(file)
        self._transfer, self._arrived = transfer, arrived

    def hear(self, progress: Progress) -> None:
        self._arrived(progress)

    def stopped(self) -> bool:
        self._transfer.checkpoint()  # raises what stopped it; a plain False goes on
        return False


def fetch_one(transfer: Transfer, file: ModelFile, arrived: Arrived) -> None:
    """Bring one file into staging here and now, outside of all turns."""
    bring(transfer, _Told(file, transfer, arrived))
