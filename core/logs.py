"""Log processors: who and what a line belongs to, and no secret in any of them."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

_STRUCK = "[secret]"
_NAMES = r"(?:token|secret|password|passwd|signature|credential|authorization|cookie|api[_-]?key)"
_SECRETS = re.compile(
    r"hf_[A-Za-z0-9]{8,}"  # our keys and the Hub's tokens
    r"|(?i:bearer|basic|token)\s+[A-Za-z0-9._~+/=-]{8,}"
    r"|(?i:(?<=token=)|(?<=secret=)|(?<=password=)|(?<=signature=)|(?<=credential=))[^\s&\"']+"
    r"|(?i:" + _NAMES + r"[\"']\s*[:,]\s*b?[\"'])[^\"']+"  # as in a printed dict or list of headers
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"
)
# Each of them holds one of these; most values of log lines hold none, and are told apart so.
_PERHAPS = re.compile(r"[\s_=\"'@]")
_PLAIN = (bool, int, float, type(None))


def strike(text: str) -> str:
    """Replace every key, token, password and signed query in a text."""
    return _SECRETS.sub(_STRUCK, text) if _PERHAPS.search(text) else text


def _struck(value: object) -> object:
    """Strike a value of a log line, whatever it is: what is no text is logged as its text."""
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, Mapping):
        # As a text first: the name of a field may say that its value is a secret.
        whole = str(value)
        return value if strike(whole) == whole else strike(whole)
    if isinstance(value, list | tuple | set | frozenset):
        return [_struck(one) for one in value]
    return strike(str(value))


def strike_secrets(
    logger: object, name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Strike every value of a log line; what the formatter needs for itself begins with `_`."""
    for key, value in event.items():
        if not key.startswith("_"):
            event[key] = _struck(value)
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
