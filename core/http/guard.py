"""The address guard: look a name up, refuse what is not public, connect to what was checked."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

import httpcore2
import httpx2

from core.errors import AddressBlockedError, UpstreamError
from core.http.aging import aging
from core.http.policy import HttpPolicy, origin_of
from core.http.redact import safe_url

Resolver = Callable[[str, int], Sequence[str]]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Reachable from inside a cloud machine alone, yet some look public.
METADATA: Final = frozenset(
    ipaddress.ip_address(text)
    for text in (
        "169.254.169.254",
        "169.254.170.2",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "fd00:ec2::254",
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# 6to4, Teredo, local NAT64, IPv4-compatible: all carry another address inside; none is needed.
_TUNNELS = tuple(
    ipaddress.IPv6Network(text) for text in ("2002::/16", "2001::/32", "64:ff9b:1::/48", "::/96")
)
_MOST_ADDRESSES = 6
_REDIRECT_BODY = 64 << 10


def system_resolver(host: str, port: int) -> list[str]:
    """Ask the system for the addresses of a name."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in found))


def blocked_reason(text: str) -> str:
    """Say why an address is not for outgoing requests ('' when it is public)."""
    address = _inner(ipaddress.ip_address(text))
    if address in METADATA:
        return "cloud metadata"
    if address.version == 6 and any(address in net for net in _TUNNELS):  # noqa: PLR2004 an IP version
        return "tunnel"
    if address.is_loopback:
        return "loopback"
    if address.is_multicast:
        return "multicast"
    return "" if address.is_global else "private or reserved"


def _inner(address: Address) -> Address:
    """Return the IPv4 address that a mapped or NAT64 address stands for."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def checked_addresses(
    host: str, port: int, *, policy: HttpPolicy, resolver: Resolver
) -> tuple[str, ...]:
    """Return the addresses that may be connected to; one bad address spoils the name.

    A name that answers with public and private addresses at once is an attack or a mistake.
    """
    try:
        found = tuple(resolver(host, port))[:_MOST_ADDRESSES]
    except (OSError, UnicodeError) as error:
        raise httpcore2.ConnectError(f"The name {host} cannot be looked up") from error
    configured = policy.allows(host, port)
    for text in found:
        reason = blocked_reason(text)
        if reason and (not configured or reason == "cloud metadata"):
            raise AddressBlockedError(
                f"{host}:{port} is at an address that is not allowed ({reason})",
                host=host,
                reason=reason,
            )
    return found


def check_url(url: str, *, policy: HttpPolicy, resolver: Resolver = system_resolver) -> None:
    """Raise AddressBlockedError when an address must not be handed to another program."""
    host, _, port = origin_of(url).rpartition(":")
    if httpx2.URL(url).userinfo:
        raise AddressBlockedError(f"{safe_url(url)} carries a user name")
    try:
        checked_addresses(host, int(port), policy=policy, resolver=resolver)
    except httpcore2.ConnectError as error:
        raise UpstreamError(str(error)) from error


class GuardedBackend(httpcore2.NetworkBackend):
    """Connect to the very address that was checked; host name and SNI stay those of the URL."""

    def __init__(self, policy: HttpPolicy, resolver: Resolver) -> None:
        self._policy = policy
        self._resolver = resolver
        self._inner = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        found = checked_addresses(host, port, policy=self._policy, resolver=self._resolver)
        failure: Exception = httpcore2.ConnectError(f"The name {host} has no address")
        for address in found:
            try:
                stream = self._inner.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
            else:
                return aging(stream, self._policy.longest_connection)
        raise failure

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore2.NetworkStream:
        raise AddressBlockedError("Outgoing requests do not use sockets of this machine")


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """Read the certificate store once: it costs more than a request."""
    return httpx2.create_ssl_context()


class GuardedTransport(httpx2.HTTPTransport):
    """The library's transport over the guarded backend; each redirect hop passes it again."""

    def __init__(self, policy: HttpPolicy, resolver: Resolver = system_resolver) -> None:
        super().__init__(verify=_tls(), trust_env=False)
        if not hasattr(self, "_pool"):
            raise RuntimeError("This httpx2 hides its pool elsewhere: the guard would be bypassed")
        self._policy = policy
        self._pool = httpcore2.ConnectionPool(
            ssl_context=_tls(),
            max_connections=policy.connections,
            max_keepalive_connections=8,
            keepalive_expiry=15.0,
            network_backend=GuardedBackend(policy, resolver),
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = super().handle_request(request)
        if not response.has_redirect_location:
            return response
        self._check_downgrade(request.url, response.headers["location"])
        return _without_body(response)

    def _check_downgrade(self, url: httpx2.URL, location: str) -> None:
        try:
            target = url.join(location)
        except httpx2.InvalidURL:
            return  # the client says so itself
        if url.scheme == "https" and target.scheme != "https":
            allowed = self._policy.allows(target.host, target.port or 80)
            if not allowed:
                raise AddressBlockedError(f"{url.host} redirects to an address without encryption")


def _without_body(response: httpx2.Response) -> httpx2.Response:
    """Read a redirect's body in bounds: the client would read all of it before it goes on."""
    read = 0
    stream = response.stream
    if isinstance(stream, httpx2.SyncByteStream):
        for chunk in stream:
            read += len(chunk)
            if read > _REDIRECT_BODY:
                break
    response.close()
    dropped = {"content-length", "content-encoding", "transfer-encoding"}
    headers = [(k, v) for k, v in response.headers.multi_items() if k.lower() not in dropped]
    return httpx2.Response(
        response.status_code, headers=headers, extensions={"http_version": b"HTTP/1.1"}
    )
