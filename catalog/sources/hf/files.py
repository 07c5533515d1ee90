"""Ask the Hub for a file: the whole, a part, or where its bytes are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

import httpx2

from catalog.sources.base import Link
from catalog.sources.hf.refusals import Asked, refusal
from catalog.sources.parts import expiry, next_hop, read_part
from core.errors import UpstreamError
from core.http import Fetched, fetch, origin_of

BAD: Final = 400
# How a file server refuses an address whose signature has ended.
_ENDED: Final = frozenset({400, 401, 403, 404, 410})
Headers = Mapping[str, str]
_ETAG = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def file_url(asked: Asked) -> str:
    """Return the address of a file at a pinned commit; every odd character is escaped."""
    return (
        f"{asked.endpoint}/{asked.repo_id}/resolve/{asked.revision}/{quote(asked.path, safe='/')}"
    )


def cached_url(asked: Asked) -> str:
    """Return where the Hub leads to for a small file at a commit: see `Shortcut`."""
    path = quote(asked.path, safe="/")
    return f"{asked.endpoint}/api/resolve-cache/models/{asked.repo_id}/{asked.revision}/{path}"


class Shortcut:
    """Leaves out redirects: half of what small files take, and all but one for parts of a file.

    A small file is asked for where the Hub leads to, until the Hub is seen to lead elsewhere; a
    part where the one before came from. Where that is refused, the usual way is taken.
    """

    def __init__(self) -> None:
        self._leads_there = True
        self._last = ("", "")

    def read(self, client: httpx2.Client, asked: Asked, limit: int, headers: Headers) -> Fetched:
        """Return the answer to a small file, whatever its status."""
        if self._leads_there:
            answer = fetch(client, cached_url(asked), limit=limit, headers=headers)
            if answer.status < BAD:
                return answer
        answer = fetch(client, file_url(asked), limit=limit, headers=headers)
        self._leads_there = answer.url.partition("?")[0] == cached_url(asked)
        return answer

    def read_part(
        self, client: httpx2.Client, asked: Asked, start: int, end: int, headers: Headers
    ) -> bytes:
        """Return the bytes [start, end) of a file, fewer where it ends."""
        url = file_url(asked)

        def check(response: httpx2.Response) -> None:
            came_from = str(response.url)
            if came_from == self._last[1] and response.status_code in _ENDED:
                raise _EndedError
            check_status(response.status_code, response.headers, came_from, asked)
            if origin_of(came_from) != origin_of(asked.endpoint):
                self._last = (url, came_from)

        if self._last[0] == url:
            try:
                return read_part(
                    client, self._last[1], start, end, name=asked.path, headers={}, check=check
                )
            except _EndedError:
                self._last = ("", "")
        return read_part(client, url, start, end, name=asked.path, headers=headers, check=check)


class _EndedError(Exception):
    """A signed address that is no longer good."""


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
        url = next_hop(url, response.headers["location"])
        if origin_of(str(url)) != origin_of(asked.endpoint):
            return _link(url, seen, needs_token=False)
    raise UpstreamError(f"{asked.path} is redirected without an end")


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
