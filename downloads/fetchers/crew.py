"""Several connections that fill one file side by side; how many may change while they do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from core.errors import UpstreamError, UpstreamForbiddenError
from downloads.fetchers.base import Trouble, Watch
from downloads.fetchers.spans import Span
from downloads.fetchers.staging import StagingFile
from downloads.fetchers.steering import Steering

ALONE: Final = 64 << 20  # bytes of one request over the only connection
SMALLEST: Final = 4 << 20  # bytes of one request, of several side by side
LARGEST: Final = 32 << 20
LOOK: Final = 0.1
NOTE: Final = 1.0
FAREWELL: Final = 0.5


class NoRangesError(UpstreamError):
    """The source sends the whole file whatever part is asked for."""


@dataclass(slots=True, eq=False)
class Part:
    """A span on its way: [first, end), filled up to `at`. `ranged` is False for a whole file."""

    first: int
    end: int
    url: str
    ranged: bool
    at: int = 0
    stopped: bool = False
    ended: bool = False
    error: BaseException | None = None
    hang_up: Callable[[], None] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    thread: threading.Thread | None = None

    def __post_init__(self) -> None:
        self.at = self.first

    def stop(self) -> None:
        """Let not another byte be written, and wake a thread that waits for one."""
        with self.lock:
            self.stopped = True
        if self.hang_up:
            self.hang_up()


Move = Callable[[Part], None]


class Crew:
    """Deal out what is missing of a file to connections until it is whole.

    What breaks in one connection leaves the others at work. All decisions are taken in the thread
    that calls `work`; the others only move bytes, with `move`, which ends early by raising.
    """

    def __init__(
        self, file: StagingFile, *, move: Move, trouble: Trouble, watch: Watch, steering: Steering
    ) -> None:
        self._file, self._move = file, move
        self._trouble, self._watch, self._steering = trouble, watch, steering
        self._parts: list[Part] = []
        self._gaps = file.spans.missing(file.size)
        self._ranges = True
        self._rest_until = self._noted = 0.0
        self._ended = threading.Event()

    def work(self) -> None:
        """Fill the file; raise what no other try can mend."""
        try:
            while self._gaps or self._parts:
                self._hire()
                self._ended.wait(LOOK)
                self._ended.clear()
                self._look()
                self._reap()
        except BaseException:
            self._dismiss()
            self._note()
            raise
        self._file.finish()

    def _look(self) -> None:
        done = self._file.spans.total + sum(part.at - part.first for part in self._parts)
        if time.monotonic() - self._noted > NOTE:
            self._note()
        self._watch.beat(done, connections=len(self._parts))

    def _note(self) -> None:
        if self._ranges:
            self._file.note([(part.first, part.at) for part in self._parts])
        self._noted = time.monotonic()

    def _hire(self) -> None:
        wanted = max(1, self._steering.connections) if self._ranges else 1
        while self._gaps and len(self._parts) < wanted and time.monotonic() >= self._rest_until:
            part = self._claim(wanted)
            self._parts.append(part)
            part.thread = threading.Thread(target=self._carry, args=(part,), daemon=True)
            part.thread.start()

    def _claim(self, wanted: int) -> Part:
        """Take the beginning of the first gap, and note when that leaves a hole before it."""
        (first, end), size = self._gaps[0], self._file.size
        if wanted == 1:
            length = ALONE
        else:
            left = sum(gap[1] - gap[0] for gap in self._gaps)
            length = min(max(left // (2 * wanted), SMALLEST), LARGEST)
        if not self._ranges or end - first <= length:
            self._gaps.pop(0)
        else:
            end = first + length
            self._gaps[0] = (end, self._gaps[0][1])
        if self._file.spans.total != first or self._parts:
            self._file.expect_holes()
        whole = (first, end) == (0, size)
        return Part(first, end, self._trouble.url, ranged=not whole)

    def _carry(self, part: Part) -> None:
        try:
            self._move(part)
        except BaseException as error:  # noqa: BLE001 handed to the thread that decides
            part.error = error
        else:
            if part.at < part.end and not part.stopped:
                part.error = UpstreamError(f"The source ended after {part.at} bytes")
        part.ended = True
        self._ended.set()

    def _reap(self) -> None:
        for part in [part for part in self._parts if part.ended]:
            if part not in self._parts:
                continue  # dismissed with the others by what was decided just now
            self._take_in(part)
            if part.error is not None:
                self._judge(part, part.error)

    def _take_in(self, part: Part) -> None:
        self._parts.remove(part)
        self._file.spans.add(part.first, part.at)
        if part.at < part.end:
            self._gaps = _joined([*self._gaps, (part.at, part.end)])
        self._watch.done = self._file.spans.total + sum(p.at - p.first for p in self._parts)

    def _judge(self, part: Part, error: BaseException) -> None:
        if isinstance(error, NoRangesError) and self._ranges:
            self._begin_whole()
            return
        if not self._ranges:
            self._begin_whole()
        if isinstance(error, UpstreamForbiddenError):
            if part.url == self._trouble.url:
                self._trouble.refused(error)
        elif not isinstance(error, UpstreamError):
            raise error
        elif time.monotonic() >= self._rest_until:  # those that fall together count once
            self._rest_until = time.monotonic() + self._trouble.failed(error)

    def _begin_whole(self) -> None:
        """Take the file from its first byte over one connection: nothing else can be had."""
        self._dismiss()
        self._file.restart()
        self._gaps, self._ranges = [(0, self._file.size)], False

    def _dismiss(self) -> None:
        """End all connections; a thread that does not hear of it writes nothing any more."""
        for part in self._parts:
            part.stop()
        for part in list(self._parts):
            if part.thread:
                part.thread.join(FAREWELL)
            self._take_in(part)


def _joined(gaps: list[Span]) -> list[Span]:
    result: list[Span] = []
    for first, end in sorted(gaps):
        if result and result[-1][1] == first:
            result[-1] = (result[-1][0], end)
        else:
            result.append((first, end))
    return result
