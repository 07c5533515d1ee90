"""Hand out stored bytes: by the front, the streams process, the object store, or this process."""

from __future__ import annotations

import time
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
from hub import tickets
from hub.blobs import etag_of
from hub.tickets import Ticket
from registry.models import ModelFile
from registry.served import ServedId

_PASSED_ON: Final = 60  # seconds: the front takes a ticket to the streams process at once


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


def asked_part(request: HttpRequest, file: ModelFile, *, etag: str) -> Span | None:
    """Give the part that is asked for, None for the whole; raise UnsatisfiableError for none."""
    if not applies(request.headers.get("If-Range", ""), etag):
        return None
    return span_of(request.headers.get("Range", ""), file.size)


def check_stored(request: HttpRequest, file: ModelFile) -> None:
    """A content that the database knows and the store has not is a fault, never a missing file.

    Where the object store is asked by the client itself, it says so.
    """
    if _is_sent_elsewhere(request):
        return
    try:
        found = content_store().stat(file.sha256)
    except NotFoundError as error:
        raise StorageError(f"Content {file.sha256} is not in the store") from error
    if found != file.size:
        raise StorageError(f"Content {file.sha256} has {found} bytes instead of {file.size}")


def send(request: HttpRequest, file: ModelFile, *, etag: str, served: ServedId) -> HttpResponseBase:
    """Answer a GET with the bytes or the place they are at, in the way that the settings name.

    The part was checked (`asked_part`), the content too (`check_stored`), and the trail is written.
    """
    store = content_store()
    if _is_sent_elsewhere(request):
        return HttpResponse(status=302, headers={"Location": _presigned(store, file)})
    if settings.BYTES_BY == "app":
        return _stream(request, store, file, etag=etag)
    if settings.BYTES_BY == "front" and store.local_path(file.sha256) is not None:
        place = f"/{content_key(file.sha256)}"
        return HttpResponse(headers={"X-Accel-Redirect": place, "X-Served": str(served)})
    # A type is said although nobody is told: nginx would keep the charset of Django's own.
    path = _ticket_path(file, served, seconds=_PASSED_ON)
    return HttpResponse(content_type="application/octet-stream", headers={"X-Accel-Redirect": path})


def signed_address(request: HttpRequest, file: ModelFile, *, served: ServedId) -> str | None:
    """Give an address of another host name that needs no key; None where the yard has none.

    It is good for `BYTES_SIGNED_FOR` seconds, whatever becomes of the version meanwhile.
    """
    if _is_sent_elsewhere(request):
        return _presigned(content_store(), file)
    host = settings.BYTES_HOST
    if not host or settings.BYTES_BY == "app" or _name_of(host) == _name_of(request.get_host()):
        return None
    port = split_domain_port(request.get_host())[1]
    place = host if split_domain_port(host)[1] or not port else f"{host}:{port}"
    path = _ticket_path(file, served, seconds=settings.BYTES_SIGNED_FOR)
    return f"{urlsplit(settings.PUBLIC_URL).scheme}://{place}{path}"


def _ticket_path(file: ModelFile, served: ServedId, *, seconds: int) -> str:
    ticket = Ticket(
        sha256=file.sha256,
        size=file.size,
        etag=etag_of(file),
        name=file.path.rpartition("/")[2],
        commit=file.version.commit,
        served=str(served),
        ends=int(time.time()) + seconds,
    )
    return tickets.PREFIX + tickets.make(ticket, secret=settings.SECRET_KEY)


def _is_sent_elsewhere(request: HttpRequest) -> bool:
    """By an address of the same host name, clients would send their key to the object store."""
    if settings.BYTES_BY != "object-store" or not settings.S3_PUBLIC_ENDPOINT:
        return False
    return urlsplit(settings.S3_PUBLIC_ENDPOINT).hostname != _name_of(request.get_host())


def _presigned(store: ContentStore, file: ModelFile) -> str:
    name = file.path.rpartition("/")[2]
    address = store.url(file.sha256, expires=settings.BYTES_SIGNED_FOR, filename=name)
    if address is None:
        raise StorageError("BYTES_BY=object-store, and contents are in a folder")
    return address


def _name_of(host: str) -> str:
    return split_domain_port(host)[0].strip("[]").lower()


def _stream(
    request: HttpRequest, store: ContentStore, file: ModelFile, *, etag: str
) -> HttpResponseBase:
    part = asked_part(request, file, etag=etag)
    span = part or Span(0, file.size)
    chunks = store.open_range(file.sha256, span.start, span.length)
    response = StreamingHttpResponse(_Body(chunks), status=206 if part else 200)
    response["Content-Length"] = str(span.length)
    if part:
        response["Content-Range"] = part.content_range(file.size)
    return response
