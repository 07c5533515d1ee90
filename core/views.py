"""Health of this process, and errors that no view raised."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.views import defaults
from django.views.decorators.cache import never_cache

from core import health, problems
from core.errors import (
    InvalidInputError,
    MethodNotAllowedError,
    ModelyardError,
    NotFoundError,
    NotPermittedError,
)
from core.problems import PROBLEM, problem, problem_json

_SAFE = ("GET", "HEAD")
# Where programs ask: their errors are problem documents, whatever went wrong.
_FOR_PROGRAMS = ("/api/", "/model-info/", "/leaderboard/", "/v1/", "/health", "/ready", "/metrics")


@never_cache
def process_health(request: HttpRequest) -> HttpResponse:
    """Answer whenever this process can; ask nothing of anybody else."""
    if request.method not in _SAFE:
        return _wrong_method(request)
    return JsonResponse({"status": "ok"})


@never_cache
def readiness(request: HttpRequest) -> HttpResponse:
    """200 when everything needed answers, else 503 with what is missing."""
    if request.method not in _SAFE:
        return _wrong_method(request)
    needed = health.needed()
    missing = [part for part in needed if part.state != "ok"]
    document = {
        "status": "unavailable" if missing else "ready",
        "missing": {part.name: part.text for part in missing},
        "checks": {part.name: part.status for part in needed},
    }
    return JsonResponse(document, status=503 if missing else 200)


def _wrong_method(request: HttpRequest) -> HttpResponse:
    error = MethodNotAllowedError(f"{request.method} is not possible here.")
    response = HttpResponseNotAllowed(_SAFE, content_type=PROBLEM)
    response.content = JsonResponse(problem(error)).content
    return response


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler404: the same words for an address that is wrong and for one that is hidden."""
    if request.path.startswith(_FOR_PROGRAMS):
        return problem_json(NotFoundError("There is nothing at this address."))
    return defaults.page_not_found(request, exception)


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler403"""
    error = NotPermittedError("You may not do this.")
    if request.path.startswith(_FOR_PROGRAMS):
        return problem_json(error)
    return problems.refused(defaults.permission_denied(request, exception), error)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler400"""
    if request.path.startswith(_FOR_PROGRAMS):
        return problem_json(InvalidInputError("The request cannot be understood."))
    return defaults.bad_request(request, exception)


def broken(request: HttpRequest) -> HttpResponse:
    """handler500: no word on what broke; the log has it under the request id."""
    if request.path.startswith(_FOR_PROGRAMS):
        return problem_json(
            ModelyardError("This is our mistake. The log has it under X-Request-Id.")
        )
    return defaults.server_error(request)
