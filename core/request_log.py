"""What is said of every request, whoever answers it: an id, one log line without query, numbers."""

from __future__ import annotations

import logging
import uuid

import structlog

from core import metrics

log = logging.getLogger("yard.request")
ROUTE = "yard.route"  # where a request's environ says which pattern answered it
_LONGEST_ID = 64
_QUIET = ("/health", "/ready", "/metrics", "/static/")


def begin(given: str) -> str:
    """Bind the id of a request to every log line of this thread; the caller's own where it fits."""
    request_id = given if given.isascii() and 0 < len(given) <= _LONGEST_ID else uuid.uuid4().hex
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id)
    return request_id


def tell(*, method: str, path: str, route: str, status: int, seconds: float) -> None:
    """Count a request that was answered, and write its line."""
    metrics.observe_request(method, route, status, seconds)
    if not path.startswith(_QUIET):
        _write(method=method, path=path, status=status, ms=round(seconds * 1000, 1))


def _write(**told: object) -> None:
    """Log without looking for who called, which takes longer than all the rest of it."""
    if log.isEnabledFor(logging.INFO):
        line = {"event": "request", **told, **structlog.contextvars.get_contextvars()}
        log.handle(log.makeRecord(log.name, logging.INFO, "", 0, line, (), None))
