"""`/{id}/resolve/{revision}/{path}`: HEAD from the database alone, GET with the bytes."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from core.ranges import Span, UnsatisfiableError, is_known
from hub import door, selectors, trail
from hub.decision import Place
from hub.errors import EntryNotFoundError
from hub.headers import file_headers, put
from hub.sending import asked, send
from registry.callers import Caller
from registry.models import ModelFile


def resolve(request: HttpRequest, caller: Caller, place: Place) -> HttpResponseBase:
    """Answer for one file of an admitted version."""
    file = file_at(place)
    headers = file_headers(place.version, file)
    etag = headers["ETag"]
    if is_known(request.headers.get("If-None-Match", ""), etag):
        size = {"Content-Length": str(file.size)}
        response: HttpResponseBase = HttpResponse(status=304, headers=size)
    elif request.method == "HEAD":
        response = HttpResponse(headers={"Content-Length": str(file.size)})
    else:
        response = _bytes(request, caller, place, file, etag=etag)
    put(response, headers)
    return response


def _bytes(
    request: HttpRequest, caller: Caller, place: Place, file: ModelFile, *, etag: str
) -> HttpResponseBase:
    try:
        span = asked(request, file, etag=etag) or Span(0, file.size)
    except UnsatisfiableError:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{file.size}"})
    response = send(request, file, etag=etag)
    trail.note_file(request, caller, place, file, span=span)
    return response


def file_at(place: Place) -> ModelFile:
    """Give the file that is asked for, or raise why clients are to take it as missing."""
    file = door.file_at(place.version, place.path)
    if file is None:
        raise EntryNotFoundError(_why_not(place), commit=place.version.commit)
    return file


def _why_not(place: Place) -> str:
    """To clients a file that is held back is not there; people are told why."""
    held = selectors.held_files(place.version).filter(path=place.path).first()
    if held is None:
        return f"{place.version} has no file {place.path!r}."
    return f"{place.path} of {place.version} is held back. {held.held_back}"
