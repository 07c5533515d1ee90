"""Which yard this is among yards."""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache

from django.conf import settings


def introduction() -> str:
    """What this yard says of itself; `modelyard/1` is what it understands."""
    return f"modelyard/1 instance={instance()}"


def instance() -> str:
    """The name of this yard among yards: the same in all its processes, and no secret."""
    return _instance(settings.SECRET_KEY, settings.PUBLIC_URL)


@lru_cache(maxsize=8)
def _instance(secret: str, public: str) -> str:
    # Made slowly, so that nobody tries words for a secret that was thought up.
    key = hashlib.pbkdf2_hmac("sha256", secret.encode(), b"modelyard.instance", 200_000)
    return hmac.new(key, public.encode(), hashlib.sha256).hexdigest()[:32]
