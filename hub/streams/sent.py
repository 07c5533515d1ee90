"""The way of a count from the streams process to the trail: a list in the broker between them."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
import redis
from django.conf import settings

MOST = 1_000_000  # that wait while nobody takes them; the oldest are dropped then


def _broker() -> redis.Redis:
    return redis.Redis.from_url(
        settings.CELERY_BROKER_URL, socket_timeout=5.0, socket_connect_timeout=5.0
    )


def _key() -> str:
    return f"{settings.APP_NAME}:sent"


def tell(rows: Sequence[tuple[str, int]]) -> None:
    """Leave counts for the trail; raise OSError where the broker is away."""
    try:
        with _broker() as broker:
            broker.rpush(_key(), *(orjson.dumps(row) for row in rows))
            broker.ltrim(_key(), -MOST, -1)
    except redis.RedisError as error:
        raise ConnectionError(str(error)) from error


def take(most: int) -> list[tuple[str, int]]:
    """Take the counts that were left first; raise OSError where the broker is away."""
    try:
        with _broker() as broker:
            found = broker.lpop(_key(), most) or []
    except redis.RedisError as error:
        raise ConnectionError(str(error)) from error
    return [(served, count) for served, count in map(orjson.loads, found)]
