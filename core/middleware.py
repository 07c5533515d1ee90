"""Middleware of every request: an id and one log line, a strict content policy, errors as pages."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from rest_framework.exceptions import AuthenticationFailed

from core import request_log
from core.errors import ModelyardError, NotAuthenticatedError
from core.problems import problem_page

GetResponse = Callable[[HttpRequest], HttpResponse]


class RequestLog:
    """Bind a request id to every log line and write one line per request, without its query."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = request_log.begin(request.headers.get("X-Request-Id", ""))
        began = time.perf_counter()
        response = self.get_response(request)
        seconds = time.perf_counter() - began
        response["X-Request-Id"] = request_id
        route = request.resolver_match.route if request.resolver_match else "unmatched"
        request.META[request_log.ROUTE] = route
        request_log.tell(
            method=request.method or "",
            path=request.path,
            route=route,
            status=response.status_code,
            seconds=seconds,
        )
        return response


class ContentSecurityPolicy:
    """No inline script, no inline style, nothing from elsewhere. The admin keeps its own styles."""

    POLICY = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", self.POLICY)
        return response


class ProblemPages:
    """Turn an error raised by a page view into a page that says what to do next."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, AuthenticationFailed):  # of a key that a program sent to a page
            error = NotAuthenticatedError(str(error.detail))
        if not isinstance(error, ModelyardError):
            return None
        response = problem_page(request, error)
        patch_vary_headers(response, ["HX-Request"])
        return response
