"""What the routes of the catalog's API share: the caller, strict parameters, links, caching."""

from __future__ import annotations

from typing import Any, TypeVar

from django.http import HttpRequest, QueryDict
from django.utils.cache import patch_cache_control, patch_vary_headers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from core.errors import InvalidInputError
from core.pages import Page, query_with
from registry.authentication import caller_of
from registry.callers import Caller

V = TypeVar("V")


class YardView(APIView):
    """A route whose answer depends on who asks, so no cache between may keep it."""

    def finalize_response(
        self, request: Request, response: Response, *args: object, **kwargs: object
    ) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        patch_cache_control(response, private=True, no_cache=True)
        patch_vary_headers(response, ["Authorization", "Cookie"])
        return response


def who(request: Request) -> Caller:
    return caller_of(request._request)  # noqa: SLF001 DRF wraps the request that holds the caller


def body_of(serializer: type[Serializer], request: Request) -> dict[str, Any]:
    """Read a JSON body; unknown names are refused, so that a typing mistake is not ignored."""
    data = request.data
    if not isinstance(data, dict):
        raise InvalidInputError("Send a JSON object.")
    read = serializer(data=data)
    if unknown := sorted(set(data) - set(read.fields)):
        known = ", ".join(read.fields)
        raise InvalidInputError(
            f"There is no field {unknown[0]!r}. Known: {known}.", field=unknown[0]
        )
    read.is_valid(raise_exception=True)
    return dict(read.validated_data)


def check_parameters(request: Request, *names: str) -> None:
    """Refuse a query parameter that this route does not know."""
    for name in request.query_params:
        if name not in names:
            known = ", ".join(names) or "none"
            raise InvalidInputError(f"There is no parameter {name!r}. Known: {known}.", field=name)


def paging_of(request: Request, *, default: int) -> dict[str, Any]:
    """Read `cursor` and `limit`."""
    return paging_in(request.query_params, default=default)


def paging_in(query: QueryDict, *, default: int) -> dict[str, Any]:
    """Read `cursor` and `limit` of a query."""
    text = query.get("limit", "") or str(default)
    if not (text.isascii() and text.isdigit()) or len(text) > 6:  # noqa: PLR2004 far above any limit
        raise InvalidInputError("limit must be a whole number.", field="limit")
    return {"cursor": query.get("cursor", ""), "limit": int(text)}


def page_links(request: HttpRequest | Request, page: Page) -> dict[str, str | None]:
    """Give `next` and `previous` as absolute paths with the same query; null at an end."""
    return links_in(request.path, request.GET, page)


def links_in(path: str, query: QueryDict, page: Page) -> dict[str, str | None]:
    """Give `next` and `previous` of a page that this query of this path gives."""
    return {
        name: f"{path}{query_with(query, cursor)}" if cursor else None
        for name, cursor in (("next", page.next), ("previous", page.previous))
    }
