"""Send an answer again while its facts hold: no parsing, no objects, no rendering."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.urls import ResolverMatch

from core.answers import facts
from core.kept import Kept
from core.plans import kept_plans

GetResponse = Callable[[HttpRequest], HttpResponse]
Name = tuple[str, ...]
_OK = 200
_LARGEST = 96 * 1024
_DECIDING = ("HTTP_AUTHORIZATION", "HTTP_HOST", "HTTP_ACCEPT", "HTTP_X_FORWARDED_PROTO")


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """The bytes and headers of an answer, and what has to hold for them to be sent again."""

    facts: list[facts.Fact]
    content: bytes
    headers: dict[str, str]
    match: ResolverMatch | None

    def again(self, request: HttpRequest) -> HttpResponse:
        request.resolver_match = self.match
        return HttpResponse(self.content, headers=self.headers)


class KeptAnswers:
    """Keep what programs ask for again and again, whole, by everything of the request it shows.

    Whoever asks is asked for each time: the key's row is the first fact of any answer.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self._answers: Kept[Name, KeptAnswer] = Kept(256)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = _name_of(request)
        if name is None:
            return self.get_response(request)
        kept = self._answers.get(name)
        if kept is not None and _holds(kept):
            return kept.again(request)
        with facts.noted() as basis:
            response = self.get_response(request)
        if basis.whole and _may_be_kept(response):
            headers = dict(response.items())
            self._answers.put(
                name, KeptAnswer(basis.facts, response.content, headers, request.resolver_match)
            )
        return response


def _name_of(request: HttpRequest) -> Name | None:
    """Give all of a program's request that an answer may depend on; None for other requests."""
    meta = request.META
    if request.method != "GET" or not meta.get("HTTP_AUTHORIZATION") or meta.get("HTTP_COOKIE"):
        return None
    return (request.path_info, meta["QUERY_STRING"], *(meta.get(name, "") for name in _DECIDING))


def _may_be_kept(response: HttpResponse) -> bool:
    return (
        response.status_code == _OK
        and not response.streaming
        and not response.cookies
        and len(response.content) <= _LARGEST
    )


def _holds(kept: KeptAnswer) -> bool:
    try:
        with kept_plans():
            return facts.hold(kept.facts)
    except Error:
        return False  # the view says what is wrong with the database
