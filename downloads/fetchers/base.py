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
from downloads.fetchers.steering import Steering

Resolve = Callable[[], str]
Cancelled = Callable[[], bool]

BEAT: Final = 0.3
LONGEST_REST: Final = 60.0
ENOUGH_TO_COUNT: Final = 64 << 10
_STAGING_NAME = re.compile(r"[0-9a-f]{64}\.part")


class FetcherAwayError(UpstreamError):
    """The program that fetches does not answer: another fetcher may go on with the file."""


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
    try in every other case, of this fetcher or another. Hashes are the caller's business: see
    downloads.verify.
    """

    slug: ClassVar[str]
    title: ClassVar[str]

    def __init__(self, *, tries: int = 5, pause: float = 0.5, connections: int = 1) -> None:
        self.tries = tries
        self.pause = pause
        self.connections = connections

    def unavailable(self) -> str:
        """Say why this fetcher cannot run here ('' when it can)."""
        return ""

    def fetch(
        self,
        request: FetchRequest,
        *,
        resolve: Resolve,
        progress: Report,
        cancelled: Cancelled,
        steering: Steering | None = None,
    ) -> None:
        """Bring the file; `resolve` gives a fresh URL when the source refuses the one we have.

        Both callbacks are called from the thread that calls this, and what they raise ends it.
        """
        steering = steering or Steering(connections=self.connections)
        watch = Watch(request.size, progress, cancelled)
        trouble = Trouble(request.url, resolve, watch, tries=self.tries, pause=self.pause)
        try:
            if request.size == 0:
                make_empty(request.staging)
            while not is_complete(request.staging, request.size):
                watch.check()
                try:
                    self._attempt(request, trouble, watch, steering)
                except UpstreamForbiddenError as error:
                    trouble.refused(error)
                except FetcherAwayError:
                    raise
                except UpstreamError as error:
                    watch.rest(trouble.failed(error))
            seal(request.staging, request.size)
        except IntegrityError:
            discard(request.staging)
            raise
        watch.report(request.size)

    @abstractmethod
    def _attempt(
        self, request: FetchRequest, trouble: Trouble, watch: Watch, steering: Steering
    ) -> None:
        """Move bytes from `trouble.url`, from where the staging file ends; raise what stopped it.

        What breaks in a part of the transfer alone may be told to `trouble` instead.
        """


def _rest_after(error: UpstreamError, pause: float) -> float:
    asked = error.details.get("retry_after") if isinstance(error, UpstreamRateLimitError) else None
    if not isinstance(asked, int | float):
        return min(pause, LONGEST_REST)
    if asked > LONGEST_REST:
        raise error
    return max(pause, float(asked))


@dataclass(slots=True)
class Trouble:
    """The address in use, and failures in a row; bytes that arrived in between start the count
    again.
    """

    url: str
    _resolve: Resolve
    _watch: Watch
    tries: int
    pause: float
    failures: int = 0
    refusals: int = 0
    _reached: int = 0

    def failed(self, error: UpstreamError) -> float:
        """Count a failure and say how long to rest; raise it when it is one too many."""
        self._forgive()
        self.failures += 1
        if self.failures >= self.tries:
            raise error
        return _rest_after(error, self.pause * 2 ** (self.failures - 1))

    def refused(self, error: UpstreamForbiddenError) -> None:
        """Ask for a fresh address; raise the refusal when a fresh one was refused just now."""
        self._forgive()
        self.refusals += 1
        if self.refusals > 1:
            raise error
        self.url = self._resolve()

    def _forgive(self) -> None:
        if self._watch.done >= self._reached + ENOUGH_TO_COUNT:
            self.failures = self.refusals = 0
            self._reached = self._watch.done


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
