"""Keep secrets out of logs and messages: signed addresses lose their query and user name."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

_hidden: set[str] = set()


def hide_path(url: str) -> None:
    """Let no log line tell the path of addresses at this host: it is as good as a password."""
    _hidden.add(urlsplit(url).netloc.rpartition("@")[2].lower())


def safe_url(url: object) -> str:
    """Return an address without user name, query and fragment: fit for logs and messages."""
    try:
        parts = urlsplit(str(url))
    except ValueError:
        return "(unreadable address)"
    host = parts.netloc.rpartition("@")[2]
    path = "/[secret]" if host.lower() in _hidden else parts.path
    return f"{parts.scheme}://{host}{path}"


class SafeUrlFilter(logging.Filter):
    """Rewrite addresses among the arguments of a log record."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(safe_url(arg) if "://" in str(arg) else arg for arg in record.args)
        return True


def quiet_loggers() -> None:
    """Make the HTTP libraries log nothing that carries a signature or a token."""
    library = logging.getLogger("httpx2")
    if not any(isinstance(known, SafeUrlFilter) for known in library.filters):
        library.addFilter(SafeUrlFilter())
    # Its debug records hold whole header lists.
    logging.getLogger("httpcore2").setLevel(logging.WARNING)
