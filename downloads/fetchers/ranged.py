"""Our own downloader: one connection, continues by range."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2

from core.errors import IntegrityError, UpstreamError
from downloads.fetchers.answers import content_range, status_error
from downloads.fetchers.base import Fetcher, FetchRequest, Watch
from downloads.fetchers.staging import StagingFile, discard, has_holes


class RangedFetcher(Fetcher):
    """Fetch over a given client, whose transport guards addresses and whose timeouts count.

    `token` goes to the origin of the request's own URL and nowhere else, redirects included.
    """

    slug = "ranged"
    title = "Built-in downloader"

    def __init__(
        self, client: httpx2.Client, *, token: str = "", tries: int = 5, pause: float = 0.5
    ) -> None:
        super().__init__(tries=tries, pause=pause)
        self._client = client
        self._token = token

    def _attempt(self, request: FetchRequest, url: str, watch: Watch) -> None:
        if has_holes(request.staging):  # aria2 left it; only aria2 knows which bytes are there
            discard(request.staging)
        with StagingFile(request.staging) as file:
            if file.size > request.size:
                file.restart()
            watch.beat(file.size)
            with self._answer(request, url, file.size) as response:
                self._check(response, request, file)
                self._drain(response, request, file, watch)
            if file.size < request.size:
                raise UpstreamError(f"{request.name} ended after {file.size} bytes")

    @contextmanager
    def _answer(self, request: FetchRequest, url: str, start: int) -> Iterator[httpx2.Response]:
        headers = {"Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        try:
            if self._token and _origin(url) == _origin(request.url):
                headers["Authorization"] = f"Bearer {self._token}"
            with self._client.stream("GET", url, headers=headers, follow_redirects=True) as answer:
                yield answer
        except (httpx2.RequestError, httpx2.InvalidURL) as error:
            raise UpstreamError(f"{request.name}: {type(error).__name__}") from error

    def _check(self, response: httpx2.Response, request: FetchRequest, file: StagingFile) -> None:
        status, headers = response.status_code, response.headers
        first, total = content_range(headers.get("content-range", ""))
        if status == httpx2.codes.PARTIAL_CONTENT:
            _check_size(request, total)
            if first != file.size:
                raise UpstreamError(f"{request.name}: the source sent another range than asked for")
        elif status == httpx2.codes.OK:
            length = headers.get("content-length", "")
            _check_size(request, int(length) if length.isdecimal() else None)
            file.restart()  # the source does not do ranges, or not today
        elif status == httpx2.codes.RANGE_NOT_SATISFIABLE:
            _check_size(request, total)
            file.restart()
            raise UpstreamError(f"{request.name}: the source refuses to continue")
        else:
            wait = headers.get("retry-after", "")
            raise status_error(status, request.name, str(response.url), retry_after=wait)

    @staticmethod
    def _drain(
        response: httpx2.Response, request: FetchRequest, file: StagingFile, watch: Watch
    ) -> None:
        for chunk in response.iter_raw():
            if file.size + len(chunk) > request.size:
                raise IntegrityError(
                    f"{request.name} is longer than the {request.size} bytes promised",
                    expected=request.size,
                )
            file.append(chunk)
            watch.beat(file.size)


def _check_size(request: FetchRequest, announced: int | None) -> None:
    if announced is not None and announced != request.size:
        raise IntegrityError(
            f"{request.name} has {announced} bytes instead of {request.size}",
            expected=request.size,
            actual=announced,
        )


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = httpx2.URL(url)
    return parts.scheme, parts.host, parts.port
