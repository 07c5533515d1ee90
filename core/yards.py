"""How yards that take models from one another know each other: by two headers."""

from __future__ import annotations

import hashlib
import hmac
import re
from functools import lru_cache
from typing import Final

from django.conf import settings

YARD: Final = "X-Yard"  # on every answer of the Hub's side: which yard this is
_SAID = re.compile(r"modelyard/\d{1,3} instance=([0-9a-f]{32})(?:[; ].*)?")


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


def instance_of(said: str) -> str:
    """Which yard an answer is from, by its header; '' when it is from none."""
    found = _SAID.fullmatch(said)
    return found[1] if found else ""
