"""Signs of life of processes that answer no requests: kept in the broker, gone with it."""

from __future__ import annotations

import threading
import time
from functools import cache
from typing import Any

import orjson
import redis
import structlog
from celery.signals import worker_ready, worker_shutdown
from django.conf import settings

log = structlog.get_logger(__name__)
EVERY = 10.0
FRESH = 45.0  # seconds after which a silent worker counts as gone
FORGET = 24 * 3600.0
_stop = threading.Event()


def broker() -> redis.Redis:
    """A client with short timeouts: a broker that is away must not hold up who asks for health."""
    return _client(settings.CELERY_BROKER_URL)


@cache
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=1.0, socket_connect_timeout=1.0)


def _key(kind: str) -> str:
    return f"{settings.APP_NAME}:heartbeats:{kind}"


def note(kind: str, name: str, **facts: object) -> None:
    """Say that this one lives. A broker that is away is logged and survived."""
    value = orjson.dumps({"at": time.time(), **facts})
    try:
        broker().hset(_key(kind), name, value)
    except redis.RedisError as error:
        log.warning("heartbeat_not_noted", kind=kind, error=type(error).__name__)


def noted(kind: str) -> dict[str, dict[str, Any]]:
    """Give each one's last facts with their `age`; raises RedisError when nobody can say."""
    now = time.time()
    rows: dict[bytes, bytes] = broker().hgetall(_key(kind))  # type: ignore[assignment]
    found = {name.decode(): orjson.loads(value) for name, value in rows.items()}
    for name, facts in list(found.items()):
        facts["age"] = max(0.0, now - facts["at"])
        if kind == "worker" and facts["age"] > FORGET:
            broker().hdel(_key(kind), name)
            del found[name]
    return found


def queue_lengths(queues: tuple[str, ...]) -> dict[str, int]:
    """Count the messages that wait in the broker; rows of runs are the truth, this is a sign."""
    prefix = settings.CELERY_BROKER_TRANSPORT_OPTIONS.get("global_keyprefix", "")
    pipe = broker().pipeline(transaction=False)
    for queue in queues:
        pipe.llen(f"{prefix}{queue}")
    return dict(zip(queues, pipe.execute(), strict=True))


@worker_ready.connect
def start_beating(sender: Any, **_: object) -> None:  # noqa: ANN401 Celery's consumer has no type
    """Note this worker and its queues from a thread until it stops."""
    name = str(sender.hostname)
    queues = sorted(queue.name for queue in sender.app.amqp.queues.consume_from.values())
    _stop.clear()

    def beat() -> None:
        while True:
            note("worker", name, queues=queues)
            if _stop.wait(EVERY):
                return

    threading.Thread(target=beat, name="heartbeats", daemon=True).start()


@worker_shutdown.connect
def stop_beating(sender: Any, **_: object) -> None:  # noqa: ANN401 Celery's consumer has no type
    _stop.set()
    try:
        broker().hdel(_key("worker"), str(getattr(sender, "hostname", "")))
    except redis.RedisError:
        log.info("heartbeat_not_removed")
