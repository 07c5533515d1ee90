"""Our own downloader: continues by range, over as many connections as it is told."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx2

from core.errors import IntegrityError, UpstreamError
from downloads.fetchers.answers import content_range, status_error
from downloads.fetchers.base import Fetcher, FetchRequest, Trouble, Watch
from downloads.fetchers.crew import Crew, NoRangesError, Part
from downloads.fetchers.staging import StagingFile
from downloads.fetchers.steering import Bucket, Steering


class RangedFetcher(Fetcher):
    """Fetch over a given client, whose transport guards addresses and whose timeouts count.

    `token` goes to the origin of the request's own URL and nowhere else, redirects included.
    """

    slug = "ranged"
    title = "Built-in downloader"

    def __init__(
        self,
        client: httpx2.Client,
        *,
        token: str = "",
        tries: int = 5,
        pause: float = 0.5,
        connections: int = 1,
    ) -> None:
        super().__init__(tries=tries, pause=pause, connections=connections)
        self._client = client
        self._token = token

    def _attempt(
        self, request: FetchRequest, trouble: Trouble, watch: Watch, steering: Steering
    ) -> None:
        bucket = Bucket(steering)
        with StagingFile(request.staging, request.size) as file:

            def move(part: Part) -> None:
                with self._answer(request, part, steering) as response:
                    _check(response, request, part)
                    _drain(response, request, part, file, bucket)

            Crew(file, move=move, trouble=trouble, watch=watch, steering=steering).work()

    @contextmanager
    def _answer(
        self, request: FetchRequest, part: Part, steering: Steering
    ) -> Iterator[httpx2.Response]:
        headers = {"Accept-Encoding": "identity"}
        if part.ranged:
            headers["Range"] = f"bytes={part.first}-{part.end - 1}"
        try:
            if self._token and _origin(part.url) == _origin(request.url):
                headers["Authorization"] = f"Bearer {self._token}"
            with self._client.stream(
                "GET",
                part.url,
                headers=headers,
                follow_redirects=True,
                timeout=self._timeout(steering),
            ) as answer:
                part.hang_up = _hanging_up(answer)
                yield answer
        except (httpx2.RequestError, httpx2.InvalidURL) as error:
            raise UpstreamError(f"{request.name}: {type(error).__name__}") from error

    def _timeout(self, steering: Steering) -> httpx2.Timeout:
        """A silence that counts as a stall ends a connection, whatever the client would bear."""
        usual = self._client.timeout
        silence = min(usual.read or steering.stall, steering.stall)
        return httpx2.Timeout(silence, connect=usual.connect)


def _check(response: httpx2.Response, request: FetchRequest, part: Part) -> None:
    status, headers = response.status_code, response.headers
    first, total = content_range(headers.get("content-range", ""))
    if status == httpx2.codes.PARTIAL_CONTENT:
        _check_size(request, total)
        if first != part.first:
            raise UpstreamError(f"{request.name}: the source sent another range than asked for")
    elif status == httpx2.codes.OK:
        length = headers.get("content-length", "")
        _check_size(request, int(length) if length.isdecimal() else None)
        if part.ranged:
            raise NoRangesError(f"{request.name}: the source does not do ranges, or not today")
    elif status == httpx2.codes.RANGE_NOT_SATISFIABLE:
        _check_size(request, total)
        raise NoRangesError(f"{request.name}: the source refuses to continue")
    else:
        wait = headers.get("retry-after", "")
        raise status_error(status, request.name, str(response.url), retry_after=wait)


def _drain(
    response: httpx2.Response, request: FetchRequest, part: Part, file: StagingFile, bucket: Bucket
) -> None:
    for chunk in response.iter_raw():
        if too_much := part.at + len(chunk) > part.end:
            if part.end == request.size:
                raise IntegrityError(
                    f"{request.name} is longer than the {request.size} bytes promised",
                    expected=request.size,
                )
            chunk = chunk[: part.end - part.at]  # noqa: PLW2901 more than was asked for
        with part.lock:
            if part.stopped:
                return
            file.write(part.at, chunk)
            part.at += len(chunk)
        if too_much:
            return  # else the body is read to its end, so that the connection can be used again
        bucket.take(len(chunk), stopped=lambda: part.stopped)


def _hanging_up(response: httpx2.Response) -> Callable[[], None]:
    """Make what wakes a thread that reads this answer: its socket is shut down under it."""
    stream = response.extensions.get("network_stream")
    connection = stream.get_extra_info("socket") if stream else None

    def hang_up() -> None:
        with contextlib.suppress(OSError):
            if connection is not None:
                connection.shutdown(socket.SHUT_RDWR)

    return hang_up


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
