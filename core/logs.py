"""Log processors: who and what a line belongs to, and no secret in any of them."""

from __future__ import annotations

import logging
import re
from collections.abc import MutableMapping
from typing import Any

import structlog

_STRUCK = "[secret]"
_SECRETS = re.compile(
    r"hf_[A-Za-z0-9]{8,}"  # our keys and the Hub's tokens
    r"|(?i:bearer|basic|token)\s+[A-Za-z0-9._~+/=-]{8,}"
    r"|(?i:(?<=token=)|(?<=secret=)|(?<=password=)|(?<=signature=)|(?<=credential=))[^\s&\"']+"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
)


def strike(text: str) -> str:
    """Replace every key, token, password and signed query in a text."""
    return _SECRETS.sub(_STRUCK, text)


def strike_secrets(
    logger: object, name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = strike(value)
    return event


class NotReady(logging.Filter):
    """Leave out that /ready answered 503: it is asked many times a second while the yard starts."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (record.args and "/ready" in map(str, record.args))


SHARED_PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.format_exc_info,
    strike_secrets,
]
