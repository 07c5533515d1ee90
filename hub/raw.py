"""`/{id}/raw/{revision}/{path}`: what git keeps of a file, its text or the pointer of LFS."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse

from core.ranges import Span, is_known
from hub import blobs, trail
from hub.decision import Place
from hub.errors import BadRequestError
from hub.headers import put, text_headers
from hub.reading import read_part
from hub.resolve import file_at
from registry.callers import Caller

_MOST: Final = 10 << 20


def raw(request: HttpRequest, caller: Caller, place: Place) -> HttpResponse:
    """Answer with the text. What a file holds is a download; a pointer says no more than a tree."""
    file = file_at(place)
    pointer = blobs.pointer_of(file.sha256, file.size) if blobs.is_lfs(file) else None
    size = pointer.size if pointer else file.size
    headers = text_headers(place.version, file) | {"Content-Length": str(size)}
    if size > _MOST:
        raise BadRequestError(f"{file.path} is larger than 10 MiB: ask for it by /resolve/.")
    if is_known(request.headers.get("If-None-Match", ""), headers["ETag"]):
        response = HttpResponse(status=304)
    elif request.method == "HEAD":
        response = HttpResponse()
    elif pointer:
        response = HttpResponse(pointer.text)
    else:
        response = HttpResponse(read_part(file, 0, file.size))
        trail.note_file(request, caller, place, file, span=Span(0, file.size))
    put(response, headers)
    return response
