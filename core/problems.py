"""One error, two shapes: `application/problem+json` (RFC 9457) and a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from core.errors import ModelyardError, NotPermittedError
from core.logs import strike

TYPE_PREFIX = "/docs/errors#"
PROBLEM = "application/problem+json"
R = TypeVar("R", bound=HttpResponseBase)


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the yard refused and why, for the record; without a subject it is the route."""

    reason: str
    subject: str = ""
    subject_type: str = "route"
    action: str = "access.refused"


def refused(response: R, error: Exception) -> R:
    """Note on an answer that it refuses. What a source refused is no refusal of ours."""
    if isinstance(error, NotPermittedError):
        response.refusal = Refusal(error.message)  # type: ignore[attr-defined]
    return response


def problem(error: ModelyardError) -> dict[str, object]:
    """Build the problem document: type, title, status, detail, code and the error's own fields."""
    return {
        **error.details,
        "type": f"{TYPE_PREFIX}{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": strike(error.message),
        "code": error.code,
    }


def headers_of(error: ModelyardError) -> dict[str, str]:
    """Say when to come back, where the error knows it."""
    after = error.details.get("retry_after")
    return {"Retry-After": str(int(after) + 1)} if isinstance(after, int | float) else {}


def problem_json(error: ModelyardError) -> JsonResponse:
    """Answer a program outside the REST framework: an unknown address, a wrong method."""
    response = JsonResponse(
        problem(error), status=error.status, headers=headers_of(error), content_type=PROBLEM
    )
    return refused(response, error)


def problem_page(request: HttpRequest, error: ModelyardError) -> HttpResponse:
    """Answer a person: the whole page, or its panel alone where htmx puts it into another page."""
    context = {"problem": problem(error), "error": error}
    template = "errors/problem.html" + ("#panel" if "HX-Request" in request.headers else "")
    response = render(request, template, context, status=error.status)
    for name, value in headers_of(error).items():
        response[name] = value
    return refused(response, error)
