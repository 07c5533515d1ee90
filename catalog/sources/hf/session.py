"""Lend our guarded transport to huggingface_hub, whose client is one for the whole process.

Its global client gets a transport that looks up, per thread and call, whose turn it is. So two
sources with different endpoints and limits never see each other's, and a call of the library from
anywhere else may reach public addresses alone.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from threading import Lock
from typing import Final

import httpx2

from core.errors import UpstreamError
from core.http import BrokenOffError, HttpPolicy, build_client, origin_of, read_limited
from core.http.client import guarded_transport

LARGEST_ANSWER: Final = 64 << 20
_TRIES: Final = 3
_turn: ContextVar[httpx2.BaseTransport | None] = ContextVar("hub_transport", default=None)
_installing = Lock()


class HubTransport(httpx2.BaseTransport):
    """One source's transport: bounded answers, a bounded number of them, no token to others.

    Whole answers are read here, so that one that breaks off is asked for again.
    """

    def __init__(self, inner: httpx2.BaseTransport, *, endpoint: str, budget: int) -> None:
        self._inner = inner
        self._origin = origin_of(endpoint)
        self._left = budget

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        # The library follows the next-page link of an answer wherever it points, token and all.
        if origin_of(str(request.url)) != self._origin:
            request.headers.pop("Authorization", None)
        for left in range(_TRIES - 1, -1, -1):
            self._spend(request)
            try:
                return self._whole(request)
            except BrokenOffError:
                if not left:
                    raise
        raise UpstreamError(f"{request.url.host} was not asked")

    def _spend(self, request: httpx2.Request) -> None:
        self._left -= 1
        if self._left < 0:
            raise UpstreamError(f"{request.url.host} sends page after page without an end")

    def _whole(self, request: httpx2.Request) -> httpx2.Response:
        response = self._inner.handle_request(request)
        response.request = request
        try:
            body = read_limited(response, LARGEST_ANSWER)
        finally:
            response.close()
        dropped = {"content-encoding", "transfer-encoding"}
        if request.method != "HEAD":
            dropped.add("content-length")
        headers = [(k, v) for k, v in response.headers.multi_items() if k.lower() not in dropped]
        return httpx2.Response(
            response.status_code, headers=headers, content=body, extensions=response.extensions
        )


class _WhoseTurn(httpx2.BaseTransport):
    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        # The library wants to know which agent calls it, from huggingface.co whatever the endpoint.
        if request.url.path == "/api/agent-harnesses":
            return httpx2.Response(404)
        return (_turn.get() or _public_only()).handle_request(request)


class _SharedClient(httpx2.Client):
    """The type tells our client from one that others gave the library."""


@lru_cache(maxsize=1)
def _public_only() -> httpx2.BaseTransport:
    return guarded_transport(HttpPolicy())


def _shared_client() -> httpx2.Client:
    return build_client(HttpPolicy(), transport=_WhoseTurn(), kind=_SharedClient)


@contextmanager
def lent(transport: httpx2.BaseTransport) -> Iterator[None]:
    """Let calls of huggingface_hub in this block, in this thread, go through `transport`."""
    _install()
    token = _turn.set(transport)
    try:
        yield
    finally:
        _turn.reset(token)


def _install() -> None:
    from huggingface_hub import get_session, set_client_factory  # noqa: PLC0415 slow

    with _installing:
        if not isinstance(get_session(), _SharedClient):
            set_client_factory(_shared_client)
            # Its own handler writes past ours, which strikes secrets.
            logging.getLogger("huggingface_hub").handlers.clear()
