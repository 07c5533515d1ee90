"""Headers that the clients read, as HUB_PROTOCOL asks for them."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, JsonResponse

from hub.answers import COMMIT, file_answer
from hub.blobs import etag_of
from registry.models import ModelFile, ModelVersion

_PORTS: Final = {"http": ":80", "https": ":443"}


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
    return f'<{base_of(request)}{quote(request.path)}?{urlencode(query)}>; rel="next"'


def base_of(request: HttpRequest) -> str:
    """Scheme and host as the client knows them: it follows our links as they stand, key included.

    Whoever ends TLS in front of us asks over http; for the public address the settings know better.
    """
    host, public = request.get_host(), urlsplit(settings.PUBLIC_URL)
    port = _PORTS.get(public.scheme, "")
    ours = public.netloc.lower().removesuffix(port)
    scheme = public.scheme if ours == host.lower().removesuffix(port) else request.scheme
    return f"{scheme}://{host}"
