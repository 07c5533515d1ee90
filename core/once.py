"""Say of something that happens again and again whether it is the first time in a while."""

from __future__ import annotations

import hashlib

import redis
import structlog
from django.core.cache import cache

from core.errors import BrokerAwayError

log = structlog.get_logger(__name__)


def is_first(*words: str, seconds: int) -> bool:
    """True once per `seconds` for these words, whichever process asks; always without a broker."""
    try:
        return _added("once", words, seconds)
    except redis.RedisError:
        log.warning("broker_away", asked="once")
        return True


def is_unused(*words: str, seconds: int) -> bool:
    """True once per `seconds` for these words; without a broker nobody can know: an error."""
    try:
        return _added("used", words, seconds)
    except redis.RedisError as error:
        raise BrokerAwayError("The broker, which remembers what was used, is away.") from error


def _added(kind: str, words: tuple[str, ...], seconds: int) -> bool:
    name = hashlib.sha256("\0".join(words).encode()).hexdigest()
    return bool(cache.add(f"{kind}:{name}", 1, seconds))
