"""Answers that libraries read whole: they end at a size."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2

from core.errors import TooLargeError, UpstreamError


class BoundedTransport(httpx2.BaseTransport):
    """Hands bodies on up to `limit` bytes and raises TooLargeError beyond.

    Nothing is asked for packed, and what comes packed all the same is refused: a small body could
    unfold to any size behind this.
    """

    def __init__(self, inner: httpx2.BaseTransport, limit: int) -> None:
        self._inner = inner
        self._limit = limit

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.headers["Accept-Encoding"] = "identity"
        response = self._inner.handle_request(request)
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            response.close()
            raise UpstreamError(f"{request.url.host} answers packed, which was not asked for")
        if not isinstance(response.stream, httpx2.SyncByteStream):
            raise TypeError("This answer cannot be read bit by bit")
        response.stream = _Bounded(response.stream, request.url.host, self._limit)
        return response

    def close(self) -> None:
        self._inner.close()


class _Bounded(httpx2.SyncByteStream):
    def __init__(self, inner: httpx2.SyncByteStream, host: str, limit: int) -> None:
        self._inner = inner
        self._host = host
        self._limit = limit

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for chunk in self._inner:
            size += len(chunk)
            if size > self._limit:
                raise TooLargeError(
                    f"{self._host} answers with more than the {self._limit} bytes allowed",
                    limit=self._limit,
                )
            yield chunk

    def close(self) -> None:
        self._inner.close()
