"""Hand out stored bytes: by the front, by the object store, or by this process."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.http.request import split_domain_port

from core.errors import NotFoundError, StorageError
from core.ranges import Span, applies, span_of
from core.storage import ContentStore, content_key
from core.storage.configured import content_store
from registry.models import ModelFile

_SIGNED_FOR: Final = 6 * 3600  # seconds: clients keep one address for the whole download


class _Body:
    """Chunks of which the first is read at once: what cannot be read is an error, not a short body.

    So begun, their source can be closed with the response, wherever the client went away.
    """

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._first = next(chunks, b"")
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        yield self._first
        yield from self._chunks

    def close(self) -> None:
        if isinstance(self._chunks, Generator):
            self._chunks.close()


def send(request: HttpRequest, file: ModelFile, *, etag: str) -> HttpResponseBase:
    """Answer a GET with the bytes or the place they are at, in the way that the settings name."""
    store = content_store()
    if address := _elsewhere(request, store, file):
        return HttpResponse(status=302, headers={"Location": address})
    _check_whole(store, file)
    if settings.BYTES_BY == "front" and store.local_path(file.sha256) is not None:
        return HttpResponse(headers={"X-Accel-Redirect": f"/{content_key(file.sha256)}"})
    return _stream(request, store, file, etag=etag)


def _check_whole(store: ContentStore, file: ModelFile) -> None:
    """A content that the database knows and the store has not is a fault, never a missing file."""
    try:
        found = store.stat(file.sha256)
    except NotFoundError as error:
        raise StorageError(f"Content {file.sha256} is not in the store") from error
    if found != file.size:
        raise StorageError(f"Content {file.sha256} has {found} bytes instead of {file.size}")


def _elsewhere(request: HttpRequest, store: ContentStore, file: ModelFile) -> str | None:
    """Sign an address of another host name: to the same one, clients would send their key too."""
    name = file.path.rpartition("/")[2]
    address = store.url(file.sha256, expires=_SIGNED_FOR, filename=name)
    ours = split_domain_port(request.get_host())[0].strip("[]")
    if address is None or urlsplit(address).hostname == ours:
        return None
    return address


def _stream(
    request: HttpRequest, store: ContentStore, file: ModelFile, *, etag: str
) -> HttpResponseBase:
    span = asked(request, file, etag=etag)
    part = span or Span(0, file.size)
    chunks = store.open_range(file.sha256, part.start, part.length)
    response = StreamingHttpResponse(_Body(chunks), status=206 if span else 200)
    response["Content-Length"] = str(part.length)
    if span:
        response["Content-Range"] = span.content_range(file.size)
    return response


def asked(request: HttpRequest, file: ModelFile, *, etag: str) -> Span | None:
    """Give the part that is asked for, None for the whole; raise UnsatisfiableError for none."""
    if not applies(request.headers.get("If-Range", ""), etag):
        return None
    return span_of(request.headers.get("Range", ""), file.size)
