"""Cursors of keyset pages: opaque to clients, safe in a URL."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import orjson

from core.errors import InvalidInputError


def encode_cursor(*parts: object) -> str:
    """Pack the sort values of the last row into an opaque, URL-safe cursor."""
    return base64.urlsafe_b64encode(orjson.dumps(parts, default=str)).decode().rstrip("=")


def decode_cursor(text: str, *, parts: int) -> list[Any]:
    """Unpack a cursor; a damaged or foreign one is a clear error, never a wrong page."""
    try:
        values = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error):
        values = None
    if not isinstance(values, list) or len(values) != parts:
        raise foreign_cursor()
    return values


def foreign_cursor() -> InvalidInputError:
    return InvalidInputError(
        "This cursor is not from this list. Start again without `cursor`.", field="cursor"
    )
