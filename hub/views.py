"""One view: parse the address, find out who asks, let the decision speak, answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import structlog
from django.core.exceptions import SuspiciousOperation
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from core import this_yard, yards
from core.answers import facts
from core.cursors import encode_cursor
from core.errors import DatabaseAwayError, InvalidInputError, ModelyardError
from hub import auth, demand, errors, history, limits, model_info, queries, tree
from hub.decision import Place, find
from hub.discussions import discussions_of
from hub.door import Files
from hub.echo import echo
from hub.errors import BadRequestError, HubError, NotServedError, UnknownAddressError
from hub.headers import json_answer, link_next
from hub.listing import models_page
from hub.metadata import sharded_metadata
from hub.moved import check_name
from hub.papers import papers
from hub.raw import raw
from hub.resolve import resolve
from hub.routes import Action, Route, parse
from registry.authentication import presumed_caller

log = structlog.get_logger("yard.hub")
_PAGE: Final = 1000  # llama.cpp reads the first page only
_EXPANDED_PAGE: Final = 50  # each with the reports of all engines
_COMMITS_PAGE: Final = 100
Answer = Callable[[HttpRequest, Route], HttpResponseBase]


@csrf_exempt  # nothing here changes anything; POST /paths-info is a question
def serve(request: HttpRequest, path: str = "") -> HttpResponseBase:
    """Answer any address under `/hf`; every error is JSON with the headers that clients read."""
    response = limits.tell(request, _answer_or_say_why(request, path))
    response[yards.YARD] = this_yard.introduction()
    return response


def _answer_or_say_why(request: HttpRequest, path: str) -> HttpResponseBase:
    try:
        return _answer(request, path)
    except HubError as error:
        return errors.answer(error)
    except (InvalidInputError, SuspiciousOperation) as error:
        return errors.answer(BadRequestError(str(error)))
    except ModelyardError as error:
        log.exception("hub fault", code=error.code, error=error.message)
        return errors.answer(errors.YardFaultError(error))
    except OperationalError as error:
        log.exception("hub fault", code=DatabaseAwayError.code, error=str(error))
        return errors.answer(errors.YardFaultError(DatabaseAwayError(str(error))))


def _answer(request: HttpRequest, path: str) -> HttpResponseBase:
    if "\0" in path or any("\0" in value for values in request.GET.lists() for value in values[1]):
        raise BadRequestError("An address holds no NUL.")
    way = yards.way_of(request.headers.get(yards.HOPS, ""))
    if way.is_too_long or this_yard.instance() in way.via:
        raise errors.TooFarError(way)
    route = parse(request.method or "", path)
    limits.count(request, route.action)
    try:
        return _ANSWERS[route.action](request, route)
    except HubError as error:
        raise demand.instead_of(error, request, route) from error


def _place(request: HttpRequest, route: Route, files: Files = Files.NONE) -> Place:
    return _found(request, route, route.rest or "main", files)


def _found(request: HttpRequest, route: Route, rest: str, files: Files = Files.NONE) -> Place:
    place = _place_of(request, route, rest, files)
    check_name(request, route, place)
    return place


def _place_of(request: HttpRequest, route: Route, rest: str, files: Files) -> Place:
    """Look it up for whom the key spoke last, with the proof of it; else for whom it speaks now."""
    presumed = presumed_caller(request)
    if presumed is None:
        return find(auth.caller_from(request), route.repo_id, rest, files=files)
    try:
        with facts.proving(presumed.proof):
            place = find(presumed.caller, route.repo_id, rest, files=files)
    except facts.UnprovenError:
        if route.action in limits.OFTEN:
            limits.count_anew(request, route.action)
        return find(auth.caller_from(request), route.repo_id, rest, files=files)
    except HubError:  # no other error leaves unproved either
        presumed.confirm(request)
        raise
    presumed.confirm(request)
    return place


def _file_place(request: HttpRequest, route: Route) -> Place:
    return _found(request, route, route.rest, Files.ONE)


def _whole(request: HttpRequest, route: Route, files: Files = Files.NONE) -> Place:
    """A place whose address has nothing after the revision."""
    place = _place(request, route, files)
    if place.path:
        raise errors.RevisionNotFoundError(f"Invalid rev id: {route.rest}")
    return place


def _model_info(request: HttpRequest, route: Route) -> HttpResponse:
    expand = queries.expanded(request.GET)
    place = _whole(request, route, Files.ALL if model_info.tells_files(expand) else Files.NONE)
    info = model_info.info_of(
        place,
        blob_details=queries.is_true(request.GET, "blobs"),
        security=queries.is_true(request.GET, "securityStatus"),
        expand=expand,
    )
    return json_answer(info, version=place.version)


def _tree(request: HttpRequest, route: Route) -> HttpResponse:
    place, expand = _place(request, route), queries.is_true(request.GET, "expand")
    entries, last = tree.page_of(
        place,
        recursive=queries.is_true(request.GET, "recursive"),
        expand=expand,
        after=queries.after_of(request.GET),
        limit=queries.limit_of(request.GET, most=_EXPANDED_PAGE if expand else _PAGE),
    )
    response = json_answer(entries, version=place.version)
    if last:
        response["Link"] = link_next(request, encode_cursor(last))
    return response


def _paths_info(request: HttpRequest, route: Route) -> HttpResponse:
    place = _whole(request, route)
    paths, expand = queries.paths_of(request)
    return json_answer(tree.paths_info(place.version, paths, expand=expand), version=place.version)


def _refs(request: HttpRequest, route: Route) -> HttpResponse:
    place, prs = _place(request, route), queries.is_true(request.GET, "include_prs")
    return json_answer(history.refs_of(place, auth.caller_from(request), pull_requests=prs))


def _commits(request: HttpRequest, route: Route) -> HttpResponse:
    place = _whole(request, route)
    commits, total, last = history.commits_of(
        place,
        auth.caller_from(request),
        before=queries.before_of(request.GET),
        limit=queries.limit_of(request.GET, most=_COMMITS_PAGE),
    )
    response = json_answer(commits, version=place.version)
    response["X-Total-Count"] = str(total)
    if last:
        response["Link"] = link_next(request, encode_cursor(last))
    return response


def _auth_check(request: HttpRequest, route: Route) -> HttpResponse:
    _place(request, route)
    return json_answer({})


def _list(request: HttpRequest, route: Route) -> HttpResponse:
    caller = auth.caller_from(request)
    auth.check_reader(caller)
    limit = queries.limit_of(request.GET, most=_PAGE)
    models, cursor = models_page(caller, request.GET, limit=limit)
    response = json_answer(models)
    if cursor:
        response["Link"] = link_next(request, cursor)
    return response


def _whoami(request: HttpRequest, route: Route) -> HttpResponse:
    return json_answer(auth.whoami(auth.caller_from(request)))


def _resolve(request: HttpRequest, route: Route) -> HttpResponseBase:
    place = _file_place(request, route)
    return resolve(request, auth.caller_from(request), place)


def _raw(request: HttpRequest, route: Route) -> HttpResponse:
    place = _file_place(request, route)
    return raw(request, auth.caller_from(request), place)


def _shards(request: HttpRequest, route: Route) -> HttpResponse:
    place = _found(request, route, "main")
    return sharded_metadata(request, auth.caller_from(request), replace(place, path=route.rest))


def _discussions(request: HttpRequest, route: Route) -> HttpResponse:
    return json_answer(discussions_of(_place(request, route)))


def _echo(request: HttpRequest, route: Route) -> HttpResponseBase:
    auth.check_reader(auth.caller_from(request))
    return echo(request)


def _papers(request: HttpRequest, route: Route) -> HttpResponse:
    return papers(_whole(request, route))


def _other_repo(request: HttpRequest, route: Route) -> HttpResponse:
    caller = auth.caller_from(request)
    auth.check_reader(caller)
    raise auth.not_found(caller, route.repo_id)


def _not_served(request: HttpRequest, route: Route) -> HttpResponse:
    raise NotServedError("This registry serves the read side of the Hub, without this part.")


def _unknown(request: HttpRequest, route: Route) -> HttpResponse:
    raise UnknownAddressError("There is no such address here.")


def _constant(value: object) -> Answer:
    return lambda request, route: json_answer(value)


_ANSWERS: Final[Mapping[Action, Answer]] = {
    Action.MODEL_INFO: _model_info,
    Action.TREE: _tree,
    Action.PATHS_INFO: _paths_info,
    Action.REFS: _refs,
    Action.COMMITS: _commits,
    Action.AUTH_CHECK: _auth_check,
    Action.LIST: _list,
    Action.WHOAMI: _whoami,
    Action.RESOLVE: _resolve,
    Action.RAW: _raw,
    Action.SHARDS: _shards,
    Action.DISCUSSIONS: _discussions,
    Action.ECHO: _echo,
    Action.PAPERS: _papers,
    Action.OTHER_REPO: _other_repo,
    Action.NOT_SERVED: _not_served,
    Action.UNKNOWN: _unknown,
    Action.TELEMETRY: _constant({}),
    Action.HARNESSES: _constant({"standardEnvVars": [], "harnesses": {}}),
    Action.TAGS: _constant({}),
    Action.EMPTY_LIST: _constant([]),
}
