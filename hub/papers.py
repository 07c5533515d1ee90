"""`/api/yard/models/{id}/papers/{commit}`: what this yard found, for a yard that takes files."""

from __future__ import annotations

from django.http import HttpResponse

from catalog.services.sent_papers import papers_of
from core.errors import ConflictError, TooLargeError
from hub.decision import Place
from hub.errors import NotServedError
from hub.headers import json_headers, put


def papers(place: Place) -> HttpResponse:
    """Answer with the papers of the version; what does not fit into an answer is not served."""
    try:
        content = papers_of(place.version)
    except (ConflictError, TooLargeError) as error:
        raise NotServedError(f"{error.message} A bundle can carry them.") from error
    response = HttpResponse(content, content_type="application/json")
    put(response, json_headers(place.version))
    return response
