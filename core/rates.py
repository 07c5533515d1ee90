"""How many requests somebody may still make before a window of time ends, over all processes."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass, field
from functools import cache
from threading import Lock
from time import monotonic, time
from typing import Final

import redis
import structlog
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

log = structlog.get_logger(__name__)
_MOST_AT_ONCE: Final = 25  # requests that a process takes with one question to the broker
_SHARE: Final = 40  # and never more than this part of a quota
_MOST_KEPT: Final = 10_000  # leases of a process
_ANSWERS_IN: Final = 0.25  # seconds; a request does not wait longer for its number
_AWAY_FOR: Final = 5.0  # seconds in which a broker that did not answer is not asked again


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a quota after this request; `reset` is in whole seconds, one at least.

    Without a quota, or while nobody can count, `is_counted` is false and nothing is refused.
    """

    bucket: str
    quota: int
    window: int
    remaining: int
    reset: int
    is_refused: bool = False
    is_counted: bool = True


@dataclass(slots=True)
class _Lease:
    """Requests of one window that this process took and has not given out."""

    number: int
    quota: int
    unspent: int = 0
    total: int = 0  # of all processes, as this one saw it last


@dataclass(slots=True)
class _Broker:
    """Whether the broker is worth asking, and what this process took from it."""

    leases: dict[str, _Lease] = field(default_factory=dict)
    away_until: float = 0.0


_lock = Lock()
_here = _Broker()


def take(bucket: str, who: str, *, quota: int, window: int) -> Left:
    """Count a request of `who` against a quota per window, and say what is left. Never raises.

    Processes take several requests at once, so never more than the quota pass, and a process may
    refuse while others still hold up to a fortieth of it each. What was taken of another quota is
    spent. No quota is 0 or less. While the broker is away everything passes uncounted.
    """
    now = time()
    number, reset = window_at(now, who=who, window=window)
    if quota <= 0:
        return Left(bucket, quota, window, 0, reset, is_counted=False)
    name = f"{bucket}:{who}"
    with _lock:
        lease = _current(name, number, quota)
        passed = _spend(lease)
        over = lease.total >= quota
    if not passed and not over:
        try:
            passed = _fill(lease, name, quota=quota, window=window)
        except redis.RedisError as error:
            _note_away(error)
            return Left(bucket, quota, window, 0, reset, is_counted=False)
    remaining = max(0, quota - lease.total) + lease.unspent if passed else 0
    return Left(bucket, quota, window, remaining, reset, is_refused=not passed)


def window_at(now: float, *, who: str, window: int) -> tuple[int, int]:
    """The number of the window at this time, and the seconds to its end.

    Windows of different callers end at different times: not all come back at once.
    """
    shifted = now + zlib.crc32(who.encode()) % window
    number = int(shifted // window)
    return number, max(1, math.ceil((number + 1) * window - shifted))


def _current(name: str, number: int, quota: int) -> _Lease:
    lease = _here.leases.pop(name, None)
    if lease is None or (lease.number, lease.quota) != (number, quota):
        lease = _Lease(number, quota)
        if len(_here.leases) >= _MOST_KEPT:
            del _here.leases[next(iter(_here.leases))]  # whoever asked longest ago
    _here.leases[name] = lease
    return lease


def _spend(lease: _Lease) -> bool:
    if lease.unspent == 0:
        return False
    lease.unspent -= 1
    return True


def _fill(lease: _Lease, name: str, *, quota: int, window: int) -> bool:
    """Take some requests of the quota, as many as are left of it, and spend one."""
    wanted = min(_MOST_AT_ONCE, max(1, quota // _SHARE))
    if monotonic() < _here.away_until:
        raise redis.ConnectionError("It did not answer lately.")
    key = f"{settings.APP_NAME}:rates:{name}:{lease.number}"
    with _client(settings.CELERY_BROKER_URL).pipeline(transaction=True) as pipe:
        pipe.incrby(key, wanted)
        pipe.expire(key, 2 * window)
        total = int(pipe.execute()[0])
    given = max(0, min(wanted, quota - (total - wanted)))
    with _lock:
        lease.total = max(lease.total, total)
        lease.unspent += given
        return _spend(lease) if given else False


def _note_away(error: redis.RedisError) -> None:
    now = monotonic()
    if now >= _here.away_until:
        _here.away_until = now + _AWAY_FOR
        log.warning("broker_away", asked="rates", error=type(error).__name__)


@cache
def _client(url: str) -> redis.Redis:
    """A client that gives up soon and tries once: who asks is somebody's request."""
    return redis.Redis.from_url(
        url,
        socket_timeout=_ANSWERS_IN,
        socket_connect_timeout=_ANSWERS_IN,
        retry=Retry(NoBackoff(), 0),
    )
