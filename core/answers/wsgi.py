"""Send an answer again while its facts hold: before Django makes a request of what was asked."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from wsgiref.types import StartResponse, WSGIEnvironment

from django.conf import settings
from django.db import Error
from django.http import HttpResponse, HttpResponseBase, parse_cookie

from core import request_log
from core.answers import facts
from core.answers.turns import Turns
from core.kept import Kept

Application = Callable[[WSGIEnvironment, StartResponse], HttpResponseBase]
Answer = HttpResponseBase | list[bytes]
Name = tuple[str, ...]
_OK = 200
_LARGEST = 192 * 1024
_DECIDING = (
    *("HTTP_AUTHORIZATION", "HTTP_COOKIE", "HTTP_HOST", "HTTP_ACCEPT", "HTTP_X_FORWARDED_PROTO"),
    *("HTTP_HX_REQUEST", "HTTP_HX_BOOSTED", "HTTP_HX_HISTORY_RESTORE_REQUEST", "HTTP_HX_TARGET"),
)
_OF_ONE_REQUEST = "X-Request-Id"


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """The bytes and headers of an answer, and what has to hold for them to be sent again."""

    questions: tuple[facts.Question, ...]
    content: bytes
    headers: list[tuple[str, str]]
    route: str
    turns: Turns = field(default_factory=Turns)


class KeptAnswers:
    """Keep what is asked for again and again, whole, by everything of the request it shows.

    Whoever asks is asked for each time: the key's row, or the session's, is a fact of any answer.
    """

    def __init__(self, application: Application) -> None:
        self._application = application
        self._answers: Kept[Name, KeptAnswer] = Kept(256)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Answer:
        name = _name_of(environ)
        if name is None:
            return self._application(environ, start_response)
        began = time.perf_counter()
        kept = self._answers.get(name)
        if kept is not None and _holds(kept):
            return _again(kept, environ, start_response, began)
        with facts.noted() as basis:
            response = self._application(environ, start_response)
        if basis.whole and isinstance(response, HttpResponse) and _may_be_kept(response, environ):
            headers = [item for item in response.items() if item[0] != _OF_ONE_REQUEST]
            route = environ[request_log.ROUTE]
            asked = facts.questions(basis.facts)
            self._answers.put(name, KeptAnswer(asked, response.content, headers, route))
        return response


def _name_of(environ: WSGIEnvironment) -> Name | None:
    """Give all of a request that an answer may depend on; None where nobody can be told by it."""
    has_key, cookies = bool(environ.get("HTTP_AUTHORIZATION")), environ.get("HTTP_COOKIE", "")
    is_known = not cookies if has_key else f"{settings.SESSION_COOKIE_NAME}=" in cookies
    if environ["REQUEST_METHOD"] != "GET" or not is_known:
        return None
    path = (environ.get("SCRIPT_NAME", ""), environ["PATH_INFO"], environ.get("QUERY_STRING", ""))
    return (*path, *(environ.get(name, "") for name in _DECIDING))


def _may_be_kept(response: HttpResponse, environ: WSGIEnvironment) -> bool:
    """A cookie that only says again what the browser said is no part of the answer."""
    sent = parse_cookie(environ.get("HTTP_COOKIE", ""))
    same = all(sent.get(name) == one.value for name, one in response.cookies.items())
    return response.status_code == _OK and same and len(response.content) <= _LARGEST


def _holds(kept: KeptAnswer) -> bool:
    try:
        return kept.turns.ask(lambda: all(one.still_holds() for one in kept.questions))
    except Error:
        return False  # the view says what is wrong with the database


def _again(
    kept: KeptAnswer, environ: WSGIEnvironment, start_response: StartResponse, began: float
) -> list[bytes]:
    request_id = request_log.begin(environ.get("HTTP_X_REQUEST_ID", ""))
    start_response("200 OK", [*kept.headers, (_OF_ONE_REQUEST, request_id)])
    request_log.tell(
        method="GET",
        path=environ["PATH_INFO"],
        route=kept.route,
        status=_OK,
        seconds=time.perf_counter() - began,
    )
    return [kept.content]
