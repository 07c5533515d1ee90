"""Connections that end at an age: a server that sends a byte now and then keeps nobody waiting."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from typing import Any

import httpcore2

Clock = Callable[[], float]


def aging(
    stream: httpcore2.NetworkStream, seconds: float | None, *, clock: Clock = time.monotonic
) -> httpcore2.NetworkStream:
    """Return a connection that times out at this age, counted from now; None: it has no end."""
    return stream if seconds is None else _AgingStream(stream, clock() + seconds, clock)


class _AgingStream(httpcore2.NetworkStream):
    def __init__(self, inner: httpcore2.NetworkStream, end: float, clock: Clock) -> None:
        self._inner = inner
        self._end = end
        self._clock = clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._left(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._left(timeout, httpcore2.WriteTimeout))

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        left = self._left(timeout, httpcore2.ConnectTimeout)
        inner = self._inner.start_tls(ssl_context, server_hostname, left)
        return _AgingStream(inner, self._end, self._clock)

    def close(self) -> None:
        self._inner.close()

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 the library's own signature
        return self._inner.get_extra_info(info)

    def _left(self, timeout: float | None, error: type[Exception]) -> float:
        """Give the seconds that one operation may take."""
        left = self._end - self._clock()
        if left <= 0:
            raise error("The connection is as old as it may become")
        return left if timeout is None else min(timeout, left)
