"""Keep refused attempts in the audit trail, whichever edge answered them."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse

from core.problems import Refusal
from registry.authentication import caller_of
from registry.services.refusals import note_refusal

GetResponse = Callable[[HttpRequest], HttpResponse]


class RefusalTrail:
    """Record what the yard refuses (403). What it does not tell (404) and 401 are not attempts."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        refusal: Refusal | None = getattr(response, "refusal", None)
        if refusal is not None and response.status_code == HTTPStatus.FORBIDDEN:
            _note(request, refusal)
        return response


def _note(request: HttpRequest, refusal: Refusal) -> None:
    route = request.resolver_match.route if request.resolver_match else ""
    note_refusal(
        caller=caller_of(request),
        action=refusal.action,
        subject_type=refusal.subject_type,
        subject=refusal.subject or f"{request.method} {route}",
        reason=refusal.reason,
        details={
            "method": request.method or "",
            "path": request.path[:400],
            "client": request.headers.get("User-Agent", "")[:200],
        },
    )
