"""What the answer of a file server means; used by every fetcher."""

from __future__ import annotations

import email.utils
import re
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx2

from core.errors import (
    InvalidInputError,
    ModelyardError,
    UpstreamError,
    UpstreamForbiddenError,
    UpstreamNotFoundError,
    UpstreamRateLimitError,
)

# 410 too: some signers answer it for an address that has expired.
_REFUSED = {401, 403, 407, 410, 451}
A_DAY = 86_400.0
_PLAIN = re.compile(r"[!-~]+")
_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")


def status_error(status: int, name: str, url: str, *, retry_after: str = "") -> ModelyardError:
    """Make the error that says what a refusing status means, without the signed address."""
    host = urlsplit(url).hostname
    if status in _REFUSED:
        return UpstreamForbiddenError(f"{host} refuses {name} ({status})", upstream_status=status)
    if status == 404:  # noqa: PLR2004
        return UpstreamNotFoundError(f"{host} does not have {name}")
    if status == 429:  # noqa: PLR2004
        details = {} if not retry_after else {"retry_after": seconds_until(retry_after)}
        return UpstreamRateLimitError(f"{host} limits requests for {name}", **details)
    return UpstreamError(f"{host} answers {status} for {name}", upstream_status=status)


def seconds_until(retry_after: str) -> float:
    """Read a Retry-After header: seconds or a date, at most a day; else it counts as a second."""
    try:
        return min(max(0.0, float(retry_after)), A_DAY)
    except ValueError:
        pass
    try:
        when = email.utils.parsedate_to_datetime(retry_after)
    except ValueError:
        return 1.0
    return min(max(0.0, (when.astimezone(UTC) - datetime.now(UTC)).total_seconds()), A_DAY)


def content_range(header: str) -> tuple[int | None, int | None]:
    """Read a Content-Range as (first byte, total); None for what it leaves open."""
    match = _CONTENT_RANGE.fullmatch(header.strip())
    if not match:
        return None, None
    first, _, total = match.groups()
    return (
        None if first is None else int(first),
        None if total == "*" else int(total),
    )


def plain_url(url: str) -> str:
    """Return the address percent-encoded; refuse other schemes, user names, control characters.

    aria2 keeps its session as lines of text, so a line break in a URL would set its options.
    """
    try:
        plain = str(httpx2.URL(url))
    except httpx2.InvalidURL as error:
        raise InvalidInputError("Not an address that can be fetched") from error
    parts = urlsplit(plain)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not _PLAIN.fullmatch(plain):
        raise InvalidInputError("Not an http address that can be fetched")
    if parts.username is not None or parts.password is not None:
        raise InvalidInputError(f"An address at {parts.hostname} carries a user name")
    return plain
