"""Headers that the clients read, as HUB_PROTOCOL asks for them."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from django.http import HttpRequest, HttpResponseBase, JsonResponse

from hub.answers import COMMIT, file_answer
from hub.blobs import etag_of
from registry.models import ModelFile, ModelVersion


def file_headers(version: ModelVersion, file: ModelFile) -> dict[str, str]:
    """What every answer about a file says."""
    return file_answer(
        commit=version.commit,
        etag=etag_of(file),
        size=file.size,
        name=file.path.rpartition("/")[2],
    )


def put(response: HttpResponseBase, headers: dict[str, str]) -> None:
    for name, value in headers.items():
        response[name] = value


def json_answer(data: object, *, version: ModelVersion | None = None) -> JsonResponse:
    """Answer JSON that no shared cache may give to another caller."""
    response = JsonResponse(data, safe=False)
    response["Cache-Control"] = "private, no-cache"
    response["Vary"] = "Authorization, Cookie"
    if version is not None:
        response[COMMIT] = version.commit
    return response


def link_next(request: HttpRequest, cursor: str) -> str:
    """Point at the next page: our host and prefix, the same query, the new cursor."""
    query = [(key, value) for key, values in request.GET.lists() for value in values]
    query = [(key, value) for key, value in query if key != "cursor"] + [("cursor", cursor)]
    address = f"{request.scheme}://{request.get_host()}{quote(request.path)}"
    return f'<{address}?{urlencode(query)}>; rel="next"'
