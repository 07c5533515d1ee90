"""Share out bandwidth and connections among the files that one worker moves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime

import structlog

from core.errors import ModelyardError, QuietHoursError
from downloads import selectors
from downloads.models import FileTransfer
from downloads.policy import ARIA2_FROM
from downloads.pressure import slow_down
from downloads.services.bringing import Moving
from downloads.services.paces import paces
from downloads.services.transfer import Transfer
from downloads.sharing import MODEST, SOURCE, Limits, shares

log = structlog.get_logger(__name__)
LEAST_PART = 4 << 20  # bytes of a file for each connection


class Helm:
    """Reads the limits once a second and sets what each file may use."""

    def __init__(self, transfer: Transfer) -> None:
        self._transfer = transfer
        self._source = transfer.version.model.source
        self._seen: dict[int, int] = {}
        self._hosts: dict[int, str] = {}
        self._others: dict[int, tuple[str, int]] = {}
        self._told_aria2: int | None = None
        self._pressure = 1.0
        self.limits: Mapping[str, Limits] = {}
        paces.load()

    @property
    def _own(self) -> Limits:
        return self.limits.get(self._source, SOURCE)

    def look(self) -> None:
        """Read the limits of now; raise QuietHoursError when nothing may move."""
        now = datetime.now(UTC)
        found = selectors.limits()
        self.limits = {name: limit.at(now) for name, limit in found.items()}
        for name in ("", self._source):
            if name in self.limits and self.limits[name].rate == 0:
                ends = found[name].quiet_ends(now)
                until = f" until {ends:%H:%M} UTC" if ends else ""
                raise QuietHoursError(f"The limits let nothing move{until}.")
        self._pressure = slow_down()
        self._others = {}
        if self._limited:
            self._others = {pk: (source, speed) for pk, source, speed in selectors.speeds()}
        self._tell_aria2()

    @property
    def _limited(self) -> bool:
        return self._own.rate is not None or self.limits[""].rate is not None

    def _tell_aria2(self) -> None:
        """The limit of all together stands in aria2 too: a file that nobody watches heeds it."""
        rate = self.limits[""].rate or 0
        if self._transfer.aria2 is None or self._told_aria2 == rate:
            return
        try:
            self._transfer.aria2.limit_all(rate)
            self._told_aria2 = rate
        except ModelyardError as error:
            log.warning("aria2_not_told", error=error.message)

    def steer(self, moving: Collection[tuple[FileTransfer, Moving]]) -> None:
        """Set connections and bandwidth of each file that moves."""
        rates = self._rates([(row.pk, one) for row, one in moving])
        for row, one in moving:
            one.steering.stall = float(self._own.stall)
            one.steering.rate = self._slowed(one, rates.get(row.pk))
            if row.pk in self._hosts:
                one.steering.connections = self._fitting(row, self._connections(row, one))

    def plan(self, row: FileTransfer) -> Callable[[str], int]:
        """Make what says, once the host of a file is known, how many connections it begins with.

        It is called in the thread that moves the file.
        """

        def choose(host: str) -> int:
            if row.size < ARIA2_FROM:
                return 1
            count = paces.begin(host, most=self._most)
            self._hosts[row.pk] = host
            return self._fitting(row, count)

        return choose

    @property
    def _most(self) -> int:
        return min(self._own.connections, self.limits[""].connections)

    @staticmethod
    def _fitting(row: FileTransfer, count: int) -> int:
        return max(1, min(count, row.size // LEAST_PART))

    def _connections(self, row: FileTransfer, one: Moving) -> int:
        came = max(0, one.done - self._seen.get(row.pk, one.done))
        self._seen[row.pk] = one.done
        free = one.steering.rate is None
        return min(self._most, paces.moved(self._hosts[row.pk], came, measured=free))

    def let_go(self, row: FileTransfer) -> None:
        """Forget a file that does not move any more."""
        host = self._hosts.pop(row.pk, "")
        self._seen.pop(row.pk, None)
        if host:
            paces.end(host)

    def _rates(self, own: Iterable[tuple[int, Moving]]) -> dict[int, int]:
        if not self._limited:
            return {}
        speeds = dict(self._others)
        speeds |= {pk: (self._source, one.speed) for pk, one in own}
        result: dict[int, int] = {}
        if (rate := self.limits[""].rate) is not None:
            result = shares(rate, {pk: speed for pk, (_, speed) in speeds.items()})
        if (rate := self._own.rate) is not None:
            same = {pk: speed for pk, (source, speed) in speeds.items() if source == self._source}
            for pk, share in shares(rate, same).items():
                result[pk] = min(share, result.get(pk, share))
        return result

    def _slowed(self, one: Moving, rate: int | None) -> int | None:
        """Take less while the disks are busy: a share of the best that this file had."""
        if self._pressure >= 1.0 or not one.best:
            return rate
        slower = max(MODEST, int(one.best * self._pressure))
        return slower if rate is None else min(rate, slower)

    def remember(self) -> None:
        """Keep what was found out about hosts."""
        paces.remember()
