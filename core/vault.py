"""Secrets are kept sealed: those of a run outside the database, and forgotten at its end."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import redis
import structlog
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.core.cache import cache

from core.errors import BrokerAwayError

log = structlog.get_logger(__name__)
KEPT_SECONDS = 6 * 3600


def _cipher() -> Fernet:
    key = hashlib.sha256(b"modelyard.vault" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))


def seal(secret: str) -> str:
    """Write a secret so that only this yard reads it; '' stays ''."""
    return _cipher().encrypt(secret.encode()).decode() if secret else ""


def unseal(sealed: str) -> str | None:
    """Read what `seal` wrote; None when SECRET_KEY was changed in between."""
    try:
        return _cipher().decrypt(sealed.encode()).decode() if sealed else ""
    except InvalidToken:
        return None


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except redis.RedisError as error:
        raise BrokerAwayError("The broker, which keeps tokens, does not answer.") from error


def keep(name: str, secret: str) -> None:
    with _reached():
        cache.set(f"vault:{name}", seal(secret), KEPT_SECONDS)


def recall(name: str) -> str:
    """Give the secret, or '' when none was kept or its time is over."""
    with _reached():
        sealed = cache.get(f"vault:{name}")
    return unseal(sealed or "") or ""


def forget(name: str) -> None:
    """End it now; while the broker is away it ends with its time."""
    try:
        cache.delete(f"vault:{name}")
    except redis.RedisError:
        log.warning("secret_not_forgotten", name=name)
