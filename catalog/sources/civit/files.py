"""Find where the bytes of a file are, and ask there for parts of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import httpx2

from catalog.sources import parts
from catalog.sources.base import Link
from catalog.sources.civit.listing import PublishedFile
from catalog.sources.civit.refusals import UNAUTHORIZED, Asked, refusal
from core.errors import UpstreamError
from core.http import origin_of, read_beginning

_BAD: Final = 400
_ERROR_BODY: Final = 64 << 10


def download_url(asked: Asked, query: str) -> str:
    """Return the address that a download starts at, always on the endpoint itself."""
    chosen = f"?{query}" if query else ""
    return f"{asked.endpoint}/api/download/models/{asked.version_id}{chosen}"


def locate(
    client: httpx2.Client,
    asked: Asked,
    file: PublishedFile,
    headers: Mapping[str, str],
    *,
    most_hops: int,
) -> Link:
    """Follow redirects on CivitAI itself, with the token, up to the address of the bytes.

    HEAD is not used: signed addresses are for GET, and the site answers it differently.
    """
    url = httpx2.URL(download_url(asked, file.query))
    wanted = {**headers, "Range": "bytes=0-0", "Accept-Encoding": "identity"}
    for _ in range(most_hops + 1):
        location = _hop(client, url, wanted, asked)
        if not location:
            return _link(url, file, needs_token=bool(headers))
        url = parts.next_hop(url, location)
        if _is_login(url):
            raise refusal(UNAUTHORIZED, b"", asked)
        if origin_of(str(url)) != origin_of(asked.endpoint):
            return _link(url, file, needs_token=False)
    raise UpstreamError(f"{asked.what} is redirected without an end")


def _hop(client: httpx2.Client, url: httpx2.URL, headers: Mapping[str, str], asked: Asked) -> str:
    """Ask once; return where the answer leads, '' when the bytes are here."""
    try:
        with client.stream("GET", url, headers=headers, follow_redirects=False) as response:
            if response.has_redirect_location:
                return str(response.headers["location"])
            if response.status_code >= _BAD:
                raise refusal(response.status_code, read_beginning(response, _ERROR_BODY), asked)
            if response.headers.get("content-type", "").startswith("text/html"):
                raise UpstreamError(f"CivitAI sends a page in place of {asked.what}")
    except (httpx2.RequestError, httpx2.InvalidURL) as error:
        raise UpstreamError(f"{asked.what} failed ({type(error).__name__})") from error
    return ""


def _is_login(url: httpx2.URL) -> bool:
    """Programs that look like browsers are led to a page to sign in, on whatever host."""
    return url.path.rstrip("/").endswith("/login") or url.params.get("reason") == "download-auth"


def _link(url: httpx2.URL, file: PublishedFile, *, needs_token: bool) -> Link:
    return Link(
        url=str(url),
        size=file.size,
        etag=file.sha256,
        expires_at=parts.expiry(str(url)),
        needs_token=needs_token,
    )


def check_status(status: int, asked: Asked) -> None:
    """Raise what a refusing answer of the file server means, without its signed address."""
    if status >= _BAD:
        raise UpstreamError(
            f"The file server of CivitAI answers {status} for {asked.what}", upstream_status=status
        )


def measure(client: httpx2.Client, link: Link, headers: Mapping[str, str], asked: Asked) -> int:
    """Ask for one byte and read how many there are."""
    wanted = {**headers, "Range": "bytes=0-0", "Accept-Encoding": "identity"}
    try:
        with client.stream("GET", link.url, headers=wanted) as response:
            check_status(response.status_code, asked)
            told = parts.CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
            size = told[3] if told else response.headers.get("content-length", "")
    except (httpx2.RequestError, httpx2.InvalidURL) as error:
        raise UpstreamError(f"{asked.what} failed ({type(error).__name__})") from error
    if not (size or "").isdecimal() or (told is None and response.status_code == parts.PARTIAL):
        raise UpstreamError(f"CivitAI does not say how long {asked.what} is")
    return int(size)
