"""The way of programs to the Hub, without what only pages need."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final

from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest
from django.urls import ResolverMatch, resolve
from django.utils.module_loading import import_string

from hub.views import serve
from registry.authentication import bearer_of

_PREFIX: Final = "/hf/"
_OTHERS: Final = "v2/"  # of OCI, whose pattern is tried before: config/urls.py
GetResponse = Callable[[HttpRequest], Any]
# They look at cookies, static files, forms and what pages are made with. A request with a key and
# without a cookie has nothing for them; any other middleware, a new one too, is passed.
FOR_PAGES: Final = frozenset(
    {
        "whitenoise.middleware.WhiteNoiseMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django_htmx.middleware.HtmxMiddleware",
        "core.middleware.ProblemPages",
        "axes.middleware.AxesMiddleware",
    }
)


class Handler(WSGIHandler):
    """Django's, in which what a program asks of the Hub passes less middleware."""

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async)
        whole: GetResponse = self._middleware_chain
        short = self._without_pages()
        self._middleware_chain: GetResponse = lambda request: (
            short(request) if is_lean(request) else whole(request)
        )

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        """Resolve the address; one view answers programs, but for what has a pattern before it."""
        path = request.path_info.removeprefix(_PREFIX)
        if not is_lean(request) or path.startswith(_OTHERS):
            return super().resolve_request(request)
        request.resolver_match = ResolverMatch(serve, (), {"path": path}, route=_route())
        return request.resolver_match

    def _without_pages(self) -> GetResponse:
        """Resolve and call the view as for any request, within the middleware that is left."""
        chain = convert_exception_to_response(self._get_response)  # type: ignore[attr-defined]
        for path in reversed(settings.MIDDLEWARE):
            if path not in FOR_PAGES:
                chain = convert_exception_to_response(import_string(path)(chain))
        return chain


@cache
def _route() -> str:
    return resolve(_PREFIX).route


def is_lean(request: HttpRequest) -> bool:
    """Tell whether a program asks the Hub: by a key that is sent, and with no cookie beside it."""
    return (
        request.path_info.startswith(_PREFIX)
        and not request.META.get("HTTP_COOKIE")
        and bool(bearer_of(request))
    )
