"""What is asked for and is not here: kept as demand, and asked for at its source by policy."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from catalog import upstreams
from catalog.services import demand
from hub import revisions
from hub.auth import caller_from
from hub.errors import (
    AbsentError,
    HubError,
    ListedError,
    RepoNotFoundError,
    RequestedError,
    RevisionNotFoundError,
)
from hub.routes import Action, Route
from hub.selectors import SOURCE
from registry.enums import DemandState
from registry.names import MAIN


def instead_of(error: HubError, request: HttpRequest, route: Route) -> HubError:
    """Give the answer to who asks for what is not here; any other error stays what it is.

    It never rests on what the yard has under the name and hides: see `catalog.services.demand`.
    """
    missing = isinstance(error, RepoNotFoundError) and route.action is not Action.OTHER_REPO
    if not missing and not isinstance(error, RevisionNotFoundError | ListedError):
        return error
    caller, revision = caller_from(request), _revision(route.rest)
    client = request.headers.get("User-Agent", "")
    asked = demand.ask(caller, route.repo_id, revision, client=client)
    if asked is None or asked.state == DemandState.RECORDED:
        return error
    if asked.run is not None:
        page = f"{settings.PUBLIC_URL}/jobs/{asked.run.pk}/"
        name = f"{route.repo_id}@{revision}" if revision else route.repo_id
        return RequestedError(name, minutes=asked.minutes, page=page)
    return AbsentError(route.repo_id, upstreams.source_title(SOURCE)) if missing else error


def _revision(rest: str) -> str:
    """The revision that was probably meant; '' for the newest."""
    if not rest or not MAIN.isdisjoint(revisions.candidates(rest)):
        return ""
    return revisions.unknown_name(rest)
