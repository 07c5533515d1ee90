"""Ask the Hub for a file: the whole, a part, or where its bytes are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import parse_qs, quote, urlsplit

import httpx2

from catalog.sources.base import Link
from catalog.sources.hf.refusals import Asked, refusal
from core.errors import InvalidInputError, TooLargeError, UpstreamError
from core.http import BrokenOffError, origin_of, read_beginning, read_limited, safe_url

BAD: Final = 400
PARTIAL: Final = 206
PAST_THE_END: Final = 416
# How much of a file is read to get at a part of it where the server sends no parts.
SKIPPABLE: Final = 32 << 20
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(?:\d+|\*)")
_ETAG = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def file_url(asked: Asked) -> str:
    """Return the address of a file at a pinned commit; every odd character is escaped."""
    return (
        f"{asked.endpoint}/{asked.repo_id}/resolve/{asked.revision}/{quote(asked.path, safe='/')}"
    )


def check_status(status: int, headers: Mapping[str, str], url: str, asked: Asked) -> None:
    """Raise what a refusal means, whether the Hub or its file server said it."""
    if status < BAD:
        return
    if origin_of(url) != origin_of(asked.endpoint):
        raise UpstreamError(
            f"The file server of the source answers {status} for {asked.path}",
            upstream_status=status,
        )
    raise refusal(status, headers, asked)


def read_part(
    client: httpx2.Client, asked: Asked, start: int, end: int, headers: Mapping[str, str]
) -> bytes:
    """Return the bytes [start, end) of a file, fewer where it ends; broken answers are repeated."""
    wanted = {
        **headers,
        "Range": f"bytes={start}-{end - 1}",
        "Accept-Encoding": "identity",
    }
    for left in (2, 1, 0):
        try:
            with client.stream("GET", file_url(asked), headers=wanted) as response:
                return _part(response, asked, start, end)
        except BrokenOffError:
            if not left:
                raise
        except (httpx2.RequestError, httpx2.InvalidURL) as error:
            raise UpstreamError(f"{asked.path} failed ({type(error).__name__})") from error
    raise UpstreamError(f"{asked.path} was not asked for")


def _part(response: httpx2.Response, asked: Asked, start: int, end: int) -> bytes:
    if response.status_code == PAST_THE_END:
        raise InvalidInputError(f"{asked.path} ends before byte {start}")
    check_status(response.status_code, response.headers, str(response.url), asked)
    if response.status_code != PARTIAL:
        if end > SKIPPABLE:
            raise TooLargeError(f"The source sends no parts of {asked.path}", limit=SKIPPABLE)
        return read_beginning(response, end)[start:]
    match = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
    if match is None or int(match[1]) != start or int(match[2]) >= end:
        raise UpstreamError(f"The source sends another part of {asked.path} than asked for")
    return read_limited(response, end - start)


def link_of(
    client: httpx2.Client, asked: Asked, headers: Mapping[str, str], *, most_hops: int
) -> Link:
    """Follow redirects on the Hub itself, with the token, up to the address of the bytes."""
    url, seen = httpx2.URL(file_url(asked)), httpx2.Headers()
    for _ in range(most_hops + 1):
        try:
            request = client.build_request("HEAD", url, headers=dict(headers))
            response = client.send(request, follow_redirects=False)
        except (httpx2.RequestError, httpx2.InvalidURL) as error:
            raise UpstreamError(f"{asked.path} failed ({type(error).__name__})") from error
        check_status(response.status_code, response.headers, str(url), asked)
        for name in ("x-linked-size", "x-linked-etag"):
            if name in response.headers:
                seen.setdefault(name, response.headers[name])
        if not response.has_redirect_location:
            seen.setdefault("x-linked-size", response.headers.get("content-length", ""))
            seen.setdefault("x-linked-etag", response.headers.get("etag", ""))
            return _link(url, seen, needs_token=bool(headers))
        url = _next(url, response.headers["location"])
        if origin_of(str(url)) != origin_of(asked.endpoint):
            return _link(url, seen, needs_token=False)
    raise UpstreamError(f"{asked.path} is redirected without an end")


def _next(url: httpx2.URL, location: str) -> httpx2.URL:
    try:
        return url.join(location)
    except httpx2.InvalidURL as error:
        raise UpstreamError(f"{safe_url(url)} redirects to an unreadable address") from error


def _link(url: httpx2.URL, seen: Mapping[str, str], *, needs_token: bool) -> Link:
    size = seen.get("x-linked-size", "")
    etag = seen.get("x-linked-etag", "").removeprefix("W/").strip('"')
    return Link(
        url=str(url),
        size=int(size) if size.isdecimal() else None,
        etag=etag if _ETAG.fullmatch(etag) else "",
        expires_at=expiry(str(url)),
        needs_token=needs_token,
    )


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
