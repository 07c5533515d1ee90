"""`/{id}/resolve/{revision}/{path}`: HEAD from the database alone, GET with the bytes."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from core.answers.facts import are_all
from core.ranges import Span, UnsatisfiableError, is_known
from hub import door, selectors, sending, tickets, trail
from hub.decision import Place
from hub.errors import EntryNotFoundError
from hub.headers import file_headers, put
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
        are_all()  # the rows of the model, the version and the file tell all of it
        response = HttpResponse(headers={"Content-Length": str(file.size)})
    else:
        return _bytes(request, caller, place, file, headers)
    put(response, headers)
    return response


def _bytes(
    request: HttpRequest, caller: Caller, place: Place, file: ModelFile, headers: dict[str, str]
) -> HttpResponseBase:
    """Write the trail, then send: without the record there is no byte."""
    etag = headers["ETag"]
    try:
        part = sending.asked_part(request, file, etag=etag)
    except UnsatisfiableError:
        told = {**headers, "Content-Range": f"bytes */{file.size}"}
        return HttpResponse(status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers=told)
    sending.check_stored(request, file)
    span = part or Span(0, file.size)
    served = trail.note_file(request, caller, place, file, span=span)
    response = sending.send(request, file, etag=etag, served=served)
    put(response, _said_here(response, headers))
    return response


def _said_here(response: HttpResponseBase, headers: dict[str, str]) -> dict[str, str]:
    """What whoever sends the bytes does not say itself: said twice, clients would read both."""
    named = response.get("X-Accel-Redirect", "")
    if named.startswith(tickets.PREFIX):
        return {}
    own = {"Accept-Ranges"} if named else set()
    return {name: value for name, value in headers.items() if name not in own}


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
