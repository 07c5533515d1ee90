"""What a fetcher promises, and the loop of attempts that all of them share."""

from __future__ import annotations

import hashlib
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final

from core.errors import (
    CancelledError,
    IntegrityError,
    InvalidInputError,
    UpstreamError,
    UpstreamForbiddenError,
    UpstreamRateLimitError,
)
from downloads.fetchers.staging import discard, is_complete, make_empty, seal

Resolve = Callable[[], str]
Cancelled = Callable[[], bool]

BEAT: Final = 0.3
LONGEST_REST: Final = 60.0
ENOUGH_TO_COUNT: Final = 64 << 10
_STAGING_NAME = re.compile(r"[0-9a-f]{64}\.part")


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """One file to bring: `size` is promised by the source, `staging` comes from staging_path()."""

    url: str
    size: int
    staging: Path
    name: str

    def __post_init__(self) -> None:
        if self.size < 0:
            raise InvalidInputError(f"{self.name}: a size of {self.size} bytes")
        if not _STAGING_NAME.fullmatch(self.staging.name) or not self.staging.is_absolute():
            raise InvalidInputError(f"{self.name}: {self.staging.name!r} is no staging file")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a file is; `speed` in bytes per second."""

    done: int
    total: int
    speed: int
    connections: int


Report = Callable[[Progress], None]


def staging_path(folder: Path, identity: str) -> Path:
    """Name the staging file of what `identity` says; upstream names never reach the disk."""
    return folder.absolute() / f"{hashlib.sha256(identity.encode()).hexdigest()}.part"


class Fetcher(ABC):
    """Bring one file into its staging path, continuing what is there, and fsync it.

    Ends with exactly `size` bytes or raises: UpstreamError (and its kin), IntegrityError (the
    staging file is gone then), StorageFullError, CancelledError. A partial file stays for the next
    try in every other case. Hashes are the caller's business: see downloads.verify.
    """

    slug: ClassVar[str]
    title: ClassVar[str]

    def __init__(self, *, tries: int = 5, pause: float = 0.5) -> None:
        self.tries = tries
        self.pause = pause

    def unavailable(self) -> str:
        """Say why this fetcher cannot run here ('' when it can)."""
        return ""

    def fetch(
        self, request: FetchRequest, *, resolve: Resolve, progress: Report, cancelled: Cancelled
    ) -> None:
        """Bring the file; `resolve` gives a fresh URL when the source refuses the one we have."""
        watch = Watch(request.size, progress, cancelled)
        try:
            self._bring(request, resolve, watch)
            seal(request.staging, request.size)
        except IntegrityError:
            discard(request.staging)
            raise
        watch.report(request.size)

    @abstractmethod
    def _attempt(self, request: FetchRequest, url: str, watch: Watch) -> None:
        """Move bytes once, from where the staging file ends; raise what stopped it."""

    def _bring(self, request: FetchRequest, resolve: Resolve, watch: Watch) -> None:
        if request.size == 0:
            make_empty(request.staging)
        url = request.url
        patience = Patience(self.tries)
        while not is_complete(request.staging, request.size):
            watch.check()
            try:
                self._attempt(request, url, watch)
            except UpstreamForbiddenError as error:
                patience.refused(error, watch.done)
                url = resolve()
            except UpstreamError as error:
                patience.failed(error, watch.done)
                watch.rest(_rest_after(error, self.pause * 2 ** (patience.failures - 1)))


def _rest_after(error: UpstreamError, pause: float) -> float:
    asked = error.details.get("retry_after") if isinstance(error, UpstreamRateLimitError) else None
    if not isinstance(asked, int | float):
        return min(pause, LONGEST_REST)
    if asked > LONGEST_REST:
        raise error
    return max(pause, float(asked))


@dataclass(slots=True)
class Patience:
    """Count failures in a row; bytes that arrived in between start the count again."""

    tries: int
    failures: int = 0
    refusals: int = 0
    _reached: int = 0

    def failed(self, error: UpstreamError, done: int) -> None:
        self._forgive(done)
        self.failures += 1
        if self.failures >= self.tries:
            raise error

    def refused(self, error: UpstreamForbiddenError, done: int) -> None:
        self._forgive(done)
        self.refusals += 1
        if self.refusals > 1:
            raise error

    def _forgive(self, done: int) -> None:
        if done >= self._reached + ENOUGH_TO_COUNT:
            self.failures = self.refusals = 0
            self._reached = done


@dataclass(slots=True)
class Watch:
    """Tell the caller how far it is and ask whether to go on, at most once per beat."""

    total: int
    _progress: Report
    _cancelled: Cancelled
    done: int = 0
    _beat_at: float = 0.0
    _beat_done: int = 0
    _speed: int = field(default=0)

    def beat(self, done: int, *, connections: int = 1, speed: int | None = None) -> None:
        """Note the bytes there are; report them when a beat has passed."""
        self.done = done
        now = time.monotonic()
        elapsed = now - self._beat_at
        if elapsed < BEAT:
            return
        if self._beat_at:
            self._speed = max(0, int((done - self._beat_done) / elapsed))
        self._beat_at, self._beat_done = now, done
        self.check()
        self._progress(
            Progress(done, self.total, self._speed if speed is None else speed, connections)
        )

    def report(self, done: int) -> None:
        """Report at once: the last word of a transfer."""
        self.done = done
        self._progress(Progress(done, self.total, self._speed, 0))

    def check(self) -> None:
        if self._cancelled():
            raise CancelledError("The download was cancelled")

    def rest(self, seconds: float) -> None:
        """Wait, but hear a cancel."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.check()
            time.sleep(min(BEAT, left))
