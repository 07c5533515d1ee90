"""Middleware of every request: an id and one log line, a strict content policy, errors as pages."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from rest_framework.exceptions import AuthenticationFailed

from core import metrics
from core.errors import ModelyardError, NotAuthenticatedError
from core.problems import problem_page

log = structlog.get_logger("yard.request")
GetResponse = Callable[[HttpRequest], HttpResponse]
_LONGEST_ID = 64
_QUIET = ("/health", "/ready", "/metrics", "/static/")


class RequestLog:
    """Bind a request id to every log line and write one line per request, without its query."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        request_id = (
            given if given.isascii() and 0 < len(given) <= _LONGEST_ID else uuid.uuid4().hex
        )
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        began = time.perf_counter()
        response = self.get_response(request)
        seconds = time.perf_counter() - began
        response["X-Request-Id"] = request_id
        route = request.resolver_match.route if request.resolver_match else "unmatched"
        metrics.observe_request(request.method or "", route, response.status_code, seconds)
        if not request.path.startswith(_QUIET):
            log.info(
                "request",
                method=request.method,
                path=request.path,
                status=response.status_code,
                ms=round(seconds * 1000, 1),
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
