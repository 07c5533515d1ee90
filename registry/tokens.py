"""Make and digest tokens: `hf_` and 40 letters and digits, a form every Hub client accepts."""

from __future__ import annotations

import hashlib
import secrets
import string

_ALPHABET = string.ascii_letters + string.digits
PREFIX = "hf_"
LENGTH = 40  # 238 bits


def new_token() -> str:
    return PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(LENGTH))


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
