"""Send an answer again while its facts hold: before Django makes a request of what was asked."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from wsgiref.types import StartResponse, WSGIEnvironment

from django.conf import settings
from django.db import Error
from django.http import HttpResponse, HttpResponseBase, QueryDict, parse_cookie

from core import request_log
from core.answers import facts
from core.answers.turns import Turns
from core.kept import Kept

Application = Callable[[WSGIEnvironment, StartResponse], HttpResponseBase]
Answer = HttpResponseBase | list[bytes]
Name = tuple[str, ...]
_METHODS = frozenset({"GET", "HEAD"})
_OK = 200
_LARGEST = 192 * 1024
_SMALL = 16 * 1024  # what programs ask of one model; many of them push out no list
_DECIDING = (
    *("HTTP_AUTHORIZATION", "HTTP_COOKIE", "HTTP_HOST", "HTTP_ACCEPT", "HTTP_X_FORWARDED_PROTO"),
    *("HTTP_X_YARD_HOPS", "HTTP_IF_NONE_MATCH"),
    *("HTTP_HX_REQUEST", "HTTP_HX_BOOSTED", "HTTP_HX_HISTORY_RESTORE_REQUEST", "HTTP_HX_TARGET"),
)
# With these django-htmx reads its headers in another way.
_RARE = tuple(f"{name}_URI_AUTOENCODED" for name in _DECIDING if "HTTP_HX" in name)
_ID = "HTTP_X_REQUEST_ID"
_LENGTH = "Content-Length"
_OF_ONE_REQUEST = ("X-Request-Id", _LENGTH)


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """The bytes and headers of an answer, and what has to hold for them to be sent again."""

    question: facts.Question
    content: bytes
    length: str  # of the bytes, also where HEAD asked and none are sent
    headers: list[tuple[str, str]]
    route: str
    deeds: tuple[facts.Deed, ...] = ()
    turns: Turns = field(default_factory=Turns)

    def holds(self) -> bool:
        try:
            return self.turns.ask(self.question.still_holds)
        except Error:
            return False  # the view says what is wrong with the database

    def done(self) -> list[tuple[str, str]] | None:
        """Do what is done for each answer; give its headers, or None where the view answers."""
        headers = list(self.headers)
        for deed in self.deeds:
            told = deed.do()
            if told is None:
                return None
            headers += told.items()
        return headers


@dataclass(frozen=True, slots=True)
class KeptSeries:
    """How the same request is answered with another query."""

    common: tuple[facts.Fact, ...]
    question: facts.Question
    make: facts.Make
    headers: list[tuple[str, str]]
    route: str

    @classmethod
    def of(cls, common: list[facts.Fact], make: facts.Make, kept: KeptAnswer) -> KeptSeries:
        """Make a series of one of its answers."""
        return cls(tuple(common), facts.Question.of(common), make, kept.headers, kept.route)

    def answer(self, query: str) -> KeptAnswer | None:
        """Make an answer; None where Django has to: the asker changed, or the query is wrong."""
        try:
            content, basis = self._proven(QueryDict(query.encode("latin-1")))
        except Exception:  # noqa: BLE001 whatever it is, the view says it
            return None
        asked = facts.Question.of([*self.common, *basis.facts])
        return KeptAnswer(asked, content, str(len(content)), self.headers, self.route)

    def _proven(self, query: QueryDict) -> tuple[bytes, facts.Basis]:
        """Make it while the common facts hold; one alone is asked with what the answer asks for."""
        if len(self.common) == 1:
            with suppress(facts.UnprovenError), facts.proving(self.common[0]):
                return self._made(query)
        if not self.question.still_holds():
            raise facts.UnprovenError
        return self._made(query)

    def _made(self, query: QueryDict) -> tuple[bytes, facts.Basis]:
        with facts.noted() as basis:
            return self.make(query), basis


class KeptAnswers:
    """Keep what is asked for again and again, whole, by everything of the request it shows.

    Whoever asks is asked for each time: the key's row, or the session's with its person's, is a
    fact of any answer, and what names none (the API, asked with a session) is not kept.
    """

    def __init__(self, application: Application) -> None:
        self._application = application
        self._answers: Kept[Name, KeptAnswer] = Kept(256)
        self._small: Kept[Name, KeptAnswer] = Kept(2048)
        self._series: Kept[Name, KeptSeries] = Kept(256)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Answer:
        base = _name_of(environ)
        if base is None:
            return self._application(environ, start_response)
        began, request_id = time.perf_counter(), request_log.begin(environ.get(_ID, ""))
        environ[_ID], query = request_id, environ.get("QUERY_STRING", "")
        name = (*base, query)
        kept = self._small.get(name) or self._answers.get(name)
        if kept is not None and kept.holds() and (headers := kept.done()) is not None:
            return _send(kept, headers, environ, start_response, began=began)
        series = self._series.get(base)
        if series is not None and (made := series.answer(query)) is not None:
            self._keep(name, made)
            return _send(made, made.headers, environ, start_response, began=began)
        with facts.noted() as basis:
            response = self._application(environ, start_response)
        is_somebodys = basis.whole and basis.asked_by
        if is_somebodys and isinstance(response, HttpResponse) and _may_be_kept(response, environ):
            once = {*_OF_ONE_REQUEST}.union(*(deed.headers for deed in basis.deeds))
            headers = [item for item in response.items() if item[0] not in once]
            route, asked = environ[request_log.ROUTE], facts.Question.of(basis.facts)
            content, deeds = response.content, tuple(basis.deeds)
            length = response.get(_LENGTH) or str(len(content))
            answer = KeptAnswer(asked, content, length, headers, route, deeds)
            self._keep(name, answer)
            if basis.make and not basis.deeds:  # those of a series were done for one of them
                self._series.put(base, KeptSeries.of(basis.common, basis.make, answer))
        return response

    def _keep(self, name: Name, answer: KeptAnswer) -> None:
        size = len(answer.content)
        if size <= _SMALL:
            self._small.put(name, answer)
        elif size <= _LARGEST:
            self._small.drop(name)  # as it was before it grew
            self._answers.put(name, answer)


def _name_of(environ: WSGIEnvironment) -> Name | None:
    """Give all of a request that an answer may depend on, but its query; None for the unusual."""
    has_key, cookies = bool(environ.get("HTTP_AUTHORIZATION")), environ.get("HTTP_COOKIE", "")
    is_known = not cookies if has_key else f"{settings.SESSION_COOKIE_NAME}=" in cookies
    if (method := environ["REQUEST_METHOD"]) not in _METHODS or not is_known:
        return None
    if "charset" in environ.get("CONTENT_TYPE", "").lower() or any(map(environ.get, _RARE)):
        return None  # the query, or a header, is in an encoding of its own
    path = (method, environ.get("SCRIPT_NAME", ""), environ["PATH_INFO"])
    return (*path, *(environ.get(name, "") for name in _DECIDING))


def _may_be_kept(response: HttpResponse, environ: WSGIEnvironment) -> bool:
    """A cookie that only says again what the browser said is no part of the answer."""
    sent = parse_cookie(environ.get("HTTP_COOKIE", ""))
    same = all(sent.get(name) == one.value for name, one in response.cookies.items())
    return response.status_code == _OK and same


def _send(
    kept: KeptAnswer,
    headers: list[tuple[str, str]],
    environ: WSGIEnvironment,
    start_response: StartResponse,
    *,
    began: float,
) -> list[bytes]:
    own = [("X-Request-Id", environ[_ID]), (_LENGTH, kept.length)]
    start_response("200 OK", [*headers, *own])
    method = environ["REQUEST_METHOD"]
    request_log.tell(
        method=method,
        path=environ["PATH_INFO"],
        route=kept.route,
        status=_OK,
        seconds=time.perf_counter() - began,
    )
    return [] if method == "HEAD" else [kept.content]
