"""`safetensors-metadata`: the headers of all shards that an index names, in one answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import orjson
from django.http import HttpRequest, HttpResponse

from core.ranges import Span
from hub import trail
from hub.decision import Place
from hub.errors import BadRequestError
from hub.headers import json_headers, put
from hub.reading import read_part
from hub.resolve import file_at
from registry.callers import Caller
from registry.models import ModelFile

_LENGTH: Final = 8  # the size of the header, little-endian, before the header itself
_MOST_SHARDS: Final = 2000
_MOST_INDEX: Final = 32 << 20
_MOST_HEADER: Final = 25 << 20
_MOST_HEADERS: Final = 100 << 20


def sharded_metadata(request: HttpRequest, caller: Caller, place: Place) -> HttpResponse:
    """Answer for the index at the place; all that it names has to be served, and is recorded."""
    index = _index_of(file_at(place))
    folder = place.path.rpartition("/")[0]
    told = index.get("metadata")
    headers = _headers_of(place, folder, _shards_of(place, index))
    answer = {
        "index": {"metadata": told if isinstance(told, dict) else {}},
        "headers": {name: orjson.Fragment(header.text) for name, header in headers.items()},
    }
    for header in headers.values() if request.method != "HEAD" else ():
        span = Span(0, _LENGTH + len(header.text))
        trail.note_file(request, caller, place, header.file, span=span)
    response = HttpResponse(orjson.dumps(answer), content_type="application/json")
    put(response, json_headers(place.version))
    return response


def _index_of(file: ModelFile) -> dict[str, Any]:
    if file.size > _MOST_INDEX:
        raise BadRequestError(f"{file.path} is too large for an index of safetensors.")
    try:
        index = orjson.loads(read_part(file, 0, file.size))
    except orjson.JSONDecodeError as error:
        raise BadRequestError(f"{file.path} is no JSON.") from error
    if not isinstance(index, dict) or not isinstance(index.get("weight_map"), dict):
        raise BadRequestError(f"{file.path} is no index of safetensors.")
    return index


def _shards_of(place: Place, index: dict[str, Any]) -> list[str]:
    """The shards by the names that the index gives them."""
    named = index["weight_map"].values()
    if not all(isinstance(name, str) and name and "\0" not in name for name in named):
        raise BadRequestError(f"{place.path} names shards by what is no name.")
    shards = sorted(set(named))
    if len(shards) > _MOST_SHARDS:
        raise BadRequestError(f"{place.path} names more than {_MOST_SHARDS} shards.")
    return shards


@dataclass(frozen=True, slots=True)
class _Header:
    file: ModelFile
    text: bytes


def _headers_of(place: Place, folder: str, shards: list[str]) -> dict[str, _Header]:
    headers, total = {}, 0
    for name in shards:
        file = file_at(replace(place, path=f"{folder}/{name}".lstrip("/")))
        header = _header_of(file)
        total += len(header)
        if total > _MOST_HEADERS:
            raise BadRequestError(f"The headers of {place.path} are too large for one answer.")
        headers[name] = _Header(file, header)
    return headers


def _header_of(file: ModelFile) -> bytes:
    """The header as it stands in the file, once it is known to be a JSON object."""
    length = int.from_bytes(read_part(file, 0, min(_LENGTH, file.size)), "little")
    if file.size < _LENGTH or not 0 < length <= min(file.size - _LENGTH, _MOST_HEADER):
        raise BadRequestError(f"{file.path} does not begin with a header of safetensors.")
    header = read_part(file, _LENGTH, length)
    try:
        is_object = isinstance(orjson.loads(header), dict)
    except orjson.JSONDecodeError:
        is_object = False
    if not is_object:
        raise BadRequestError(f"The header of {file.path} is no JSON object.")
    return header
