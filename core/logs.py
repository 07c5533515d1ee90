"""Log lines: who and what a line belongs to, and no secret in any of them."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping, MutableMapping
from datetime import UTC, datetime
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
_WORD = re.compile(r"[!#-<>-~]+")  # printable, without a space, a quote or =
_PLAIN = (bool, int, float, type(None))


def strike(text: str) -> str:
    """Replace every key, token, password and signed query in a text."""
    return _SECRETS.sub(_STRUCK, text) if _PERHAPS.search(text) else text


def _struck(value: object) -> object:
    """Strike a value of a log line, whatever it is: what is no text is logged as its text."""
    if type(value) is str:
        return strike(value)
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, Mapping):
        # As a text first: the name of a field may say that its value is a secret.
        whole = str(value)
        return value if strike(whole) == whole else strike(whole)
    if isinstance(value, list | tuple | set | frozenset):
        return [_struck(one) for one in value]
    return strike(str(value))


class NotReady(logging.Filter):
    """Leave out that /ready answered 503: it is asked many times a second while the yard starts."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (record.args and "/ready" in map(str, record.args))


class LineFormatter(logging.Formatter):
    """Make one line of an event, ours or a library's, with its ids, and strike every value.

    Ours come as a dict (`to_record`). Every request has a line, so this does no more than it must.
    """

    def __init__(self, render: Callable[[dict[str, Any]], str]) -> None:
        super().__init__()
        self._render = render

    def format(self, record: logging.LogRecord) -> str:
        ours = record.msg
        told = ours if isinstance(ours, dict) else self._of_library(record)
        line: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        line.update((name, _struck(value)) for name, value in told.items())
        return self._render(line)

    def _of_library(self, record: logging.LogRecord) -> dict[str, Any]:
        told = {"event": record.getMessage(), **structlog.contextvars.get_contextvars()}
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return told


def to_record(logger: object, name: str, event: MutableMapping[str, Any]) -> tuple[Any, Any]:
    """End a chain of processors: the event as it is becomes the message of a log record."""
    return (dict(event),), {}


def as_json(line: dict[str, Any]) -> str:
    """Render a line for programs."""
    try:
        return json.dumps(line, default=str)
    except (TypeError, ValueError):  # keys that JSON has not, or a value that holds itself
        return json.dumps({str(name): str(value) for name, value in line.items()})


def as_text(line: dict[str, Any]) -> str:
    """Render a line for people; a traceback follows below."""
    head = f"{line.pop('timestamp')} [{line.pop('level')}] {line.pop('event', '')}"
    below = line.pop("exception", "")
    logger = line.pop("logger")
    values = " ".join([f"{name}={_shown(line[name])}" for name in sorted(line, key=str)])
    return f"{head} [{logger}] {values}".rstrip() + (f"\n{below}" if below else "")


def _shown(value: object) -> str:
    """A text as it is where that cannot be mistaken for anything else."""
    return value if isinstance(value, str) and _WORD.fullmatch(value) else repr(value)


PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.format_exc_info,
    to_record,
]
