"""Read a part of a file over HTTP, and when a signed address ends: for every source that links."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import parse_qs, urlsplit

import httpx2

from core.errors import InvalidInputError, TooLargeError, UpstreamError
from core.http import BrokenOffError, read_beginning, read_limited, safe_url

PARTIAL: Final = 206
PAST_THE_END: Final = 416
# How much of a file is read to get at a part of it where the server sends no parts.
SKIPPABLE: Final = 32 << 20
CONTENT_RANGE: Final = re.compile(r"bytes (\d+)-(\d+)/(?:(\d+)|\*)")
Check = Callable[[httpx2.Response], None]


def read_part(
    client: httpx2.Client,
    url: str,
    start: int,
    end: int,
    *,
    name: str,
    headers: Mapping[str, str],
    check: Check,
) -> bytes:
    """Return the bytes [start, end) of a file, fewer where it ends; broken answers are repeated.

    `check` raises what a refusing answer means.
    """
    wanted = {
        **headers,
        "Range": f"bytes={start}-{end - 1}",
        "Accept-Encoding": "identity",
    }
    for left in (2, 1, 0):
        try:
            with client.stream("GET", url, headers=wanted) as response:
                return _part(response, name, start, end, check)
        except BrokenOffError:
            if not left:
                raise
        except (httpx2.RequestError, httpx2.InvalidURL) as error:
            raise UpstreamError(f"{name} failed ({type(error).__name__})") from error
    raise UpstreamError(f"{name} was not asked for")


def _part(response: httpx2.Response, name: str, start: int, end: int, check: Check) -> bytes:
    if response.status_code == PAST_THE_END:
        raise InvalidInputError(f"{name} ends before byte {start}")
    check(response)
    if response.status_code != PARTIAL:
        if end > SKIPPABLE:
            raise TooLargeError(f"The source sends no parts of {name}", limit=SKIPPABLE)
        return read_beginning(response, end)[start:]
    match = CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
    if match is None or int(match[1]) != start or int(match[2]) >= end:
        raise UpstreamError(f"The source sends another part of {name} than asked for")
    return read_limited(response, end - start)


def next_hop(url: httpx2.URL, location: str) -> httpx2.URL:
    """Return where a redirect leads."""
    try:
        return url.join(location)
    except httpx2.InvalidURL as error:
        raise UpstreamError(f"{safe_url(url)} redirects to an unreadable address") from error


def expiry(url: str) -> datetime | None:
    """Read when a signed address ends, in the two ways that signers write it."""
    query = {name.lower(): values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    try:
        if "expires" in query:
            return datetime.fromtimestamp(int(query["expires"]), UTC)
        if "x-amz-date" in query and "x-amz-expires" in query:
            signed = datetime.strptime(query["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            return signed + timedelta(seconds=int(query["x-amz-expires"]))
    except (ValueError, OverflowError, OSError):
        return None
    return None
