"""What an outgoing client may do, how long it waits and how much it reads."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import httpx2

from core.errors import InvalidInputError

DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class HttpPolicy:
    """Limits of one client.

    `allowed_origins` are `host` or `host:port` of configured upstreams that may live at a private
    address. Waits double from `backoff` to `longest_backoff`, and each is between its half and the
    whole, as `dice` falls (0 to 1): who failed together must not come again together, nor who was
    told how long to wait, and waits up to a quarter longer. `patience` is
    the longest time in seconds that one request spends waiting between attempts; a source that asks
    for more gets UpstreamRateLimitError at once. `connections` are the most that are open at the
    same time. `longest_connection` ends a connection at that age in seconds, whatever moves on it:
    no drip of bytes keeps one open.
    """

    allowed_origins: frozenset[str] = frozenset()
    connect_timeout: float = 10.0
    read_timeout: float = 30.0
    max_redirects: int = 5
    attempts: int = 4
    backoff: float = 0.5
    longest_backoff: float = 16.0
    patience: float = 60.0
    connections: int = 32
    longest_connection: float | None = None
    user_agent: str = "modelyard"
    sleep: Callable[[float], None] = field(default=time.sleep, compare=False)
    dice: Callable[[], float] = field(default=random.random, compare=False)

    def allows(self, host: str, port: int) -> bool:
        """Tell whether a configured upstream lives at this host and port."""
        name = normal_host(host)
        return name in self.allowed_origins or f"{name}:{port}" in self.allowed_origins

    def allowing(self, origins: Iterable[str]) -> HttpPolicy:
        """Return the same policy with more configured upstreams."""
        return replace(self, allowed_origins=self.allowed_origins | frozenset(origins))


def normal_host(host: str) -> str:
    """Write a host name in one way, so that spelling cannot pass or miss the allow-list."""
    return host.strip("[]").rstrip(".").lower()


def origin_of(url: str) -> str:
    """Return `host:port` of an http address, the form that `allowed_origins` takes."""
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise InvalidInputError("Not a web address") from error
    if parsed.scheme not in DEFAULT_PORTS or not parsed.host:
        raise InvalidInputError("Only addresses that start with http:// or https:// can be used")
    return f"{normal_host(parsed.host)}:{parsed.port or DEFAULT_PORTS[parsed.scheme]}"
