"""Keep a secret for as long as a run needs it: sealed, outside the database, then forgotten."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.core.cache import cache

KEPT_SECONDS = 6 * 3600


def _cipher() -> Fernet:
    key = hashlib.sha256(b"modelyard.vault" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))


def keep(name: str, secret: str) -> None:
    cache.set(f"vault:{name}", _cipher().encrypt(secret.encode()).decode(), KEPT_SECONDS)


def recall(name: str) -> str:
    """Give the secret, or '' when none was kept or its time is over."""
    sealed = cache.get(f"vault:{name}")
    if not sealed:
        return ""
    try:
        return _cipher().decrypt(sealed.encode()).decode()
    except InvalidToken:
        return ""  # SECRET_KEY was changed in between


def forget(name: str) -> None:
    cache.delete(f"vault:{name}")
