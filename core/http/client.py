"""Build clients and read bodies in bounds."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx2

from core.errors import TooLargeError, UpstreamError
from core.http.guard import GuardedTransport, Resolver, system_resolver
from core.http.policy import HttpPolicy
from core.http.redact import quiet_loggers, safe_url
from core.http.retry import RetryingTransport

ERROR_BODY = 64 << 10
_BAD_REQUEST = 400


class BrokenOffError(UpstreamError):
    """A body ended before its announced end; asking for it again may bring the rest."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer with its whole body; `content` of a status >= 400 may be cut at 64 kB."""

    status: int
    headers: httpx2.Headers
    content: bytes
    url: str


def build_client(
    policy: HttpPolicy,
    *,
    resolver: Resolver = system_resolver,
    transport: httpx2.BaseTransport | None = None,
    kind: type[httpx2.Client] = httpx2.Client,
) -> httpx2.Client:
    """Return a client that guards addresses, retries, keeps no cookies and heeds no proxy setting.

    Give `transport` only to wrap one that `guarded_transport` made.
    """
    quiet_loggers()
    return kind(
        transport=transport or guarded_transport(policy, resolver=resolver),
        timeout=httpx2.Timeout(policy.read_timeout, connect=policy.connect_timeout),
        follow_redirects=True,
        max_redirects=policy.max_redirects,
        # A proxy would look names up itself, behind the guard's back.
        trust_env=False,
        cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
        headers={"User-Agent": policy.user_agent},
    )


def guarded_transport(
    policy: HttpPolicy, *, resolver: Resolver = system_resolver
) -> httpx2.BaseTransport:
    """Return the transport all clients stand on: retries over the address guard."""
    return RetryingTransport(GuardedTransport(policy, resolver), policy)


def read_limited(response: httpx2.Response, limit: int, *, seconds: float = 300.0) -> bytes:
    """Read a streamed body, decoded, of at most `limit` bytes within `seconds`.

    Raises TooLargeError past the limit (at once when the length is announced), BrokenOffError, and
    UpstreamError when the body trickles.
    """
    if response.request.method == "HEAD":
        return b""
    name = safe_url(response.request.url)
    announced = response.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise TooLargeError(f"{name} has {announced} bytes; {limit} are allowed", limit=limit)
    started, size, chunks = time.monotonic(), 0, []
    try:
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > limit:
                raise TooLargeError(f"{name} is longer than the {limit} bytes allowed", limit=limit)
            if time.monotonic() - started > seconds:
                raise UpstreamError(f"{name} comes too slowly")
            chunks.append(chunk)
    except httpx2.RequestError as error:
        raise BrokenOffError(f"{name} broke off ({type(error).__name__})") from error
    return b"".join(chunks)


def fetch(
    client: httpx2.Client,
    url: str,
    *,
    limit: int,
    headers: Mapping[str, str] | None = None,
    method: str = "GET",
    content: bytes | None = None,
    follow_redirects: bool = True,
    tries: int = 3,
) -> Fetched:
    """Ask once and read the whole answer; a body that breaks off is asked for again.

    Statuses of 4xx come back for the caller to judge; the rest of the failures are raised as ours.
    """
    for left in range(tries - 1, -1, -1):
        try:
            with client.stream(
                method,
                url,
                content=content,
                headers=dict(headers or {}),
                follow_redirects=follow_redirects,
            ) as response:
                return _read_answer(response, limit)
        except BrokenOffError:
            if not left:
                raise
        except httpx2.InvalidURL as error:
            raise UpstreamError(f"{safe_url(url)} cannot be read as an address") from error
        except httpx2.RequestError as error:
            raise UpstreamError(f"{safe_url(url)} failed ({type(error).__name__})") from error
    raise UpstreamError(f"{safe_url(url)} was not asked: no tries allowed")


def _read_answer(response: httpx2.Response, limit: int) -> Fetched:
    if response.status_code >= _BAD_REQUEST:
        content = read_beginning(response, ERROR_BODY)
    else:
        content = read_limited(response, limit)
    return Fetched(response.status_code, response.headers, content, str(response.url))


def read_beginning(response: httpx2.Response, limit: int) -> bytes:
    """Read a streamed body up to `limit` bytes and let the rest go."""
    content = bytearray()
    try:
        for chunk in response.iter_bytes():
            content += chunk
            if len(content) >= limit:
                break
    except httpx2.RequestError as error:
        name = safe_url(response.request.url)
        raise BrokenOffError(f"{name} broke off ({type(error).__name__})") from error
    return bytes(content[:limit])
