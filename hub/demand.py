"""What is asked for and is not here: kept as demand, and asked for at its source by policy."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from catalog import upstreams
from catalog.selectors.demand import minutes_until, run_of
from catalog.services import demand
from core.yards import HOPS
from hub import revisions
from hub.auth import caller_from
from hub.errors import (
    AbsentError,
    HubError,
    ListedError,
    RefusedError,
    RepoNotFoundError,
    RequestedError,
    RevisionNotFoundError,
)
from hub.meanings import FIRST
from hub.routes import Action, Route
from registry.enums import Admission, DemandState
from registry.names import MAIN


def instead_of(error: HubError, request: HttpRequest, route: Route) -> HubError:
    """Give the answer to who asks for what is not here; any other error stays what it is.

    It never rests on what the yard has under the name and hides: see `catalog.services.demand`.
    """
    if isinstance(error, RefusedError) and not isinstance(error, ListedError):
        return _with_time(error)
    missing = isinstance(error, RepoNotFoundError) and route.action is not Action.OTHER_REPO
    if not missing and not isinstance(error, RevisionNotFoundError | ListedError):
        return error
    caller, revision = caller_from(request), _revision(route.rest)
    client, through = request.headers.get("User-Agent", ""), request.headers.get(HOPS, "")
    asked = demand.ask(caller, route.repo_id, revision, client=client, through=through)
    if asked is None or asked.state == DemandState.RECORDED:
        return error
    if asked.run is not None:
        page = f"{settings.PUBLIC_URL}/jobs/{asked.run.pk}/"
        return RequestedError(route.repo_id, minutes=asked.minutes, page=page)
    return AbsentError(route.repo_id, upstreams.source_title(FIRST)) if missing else error


def _with_time(error: RefusedError) -> HubError:
    """Say of a model that is being imported when to come back; who is refused may know of it."""
    pending = error.cause.details.get("admission") == Admission.PENDING
    run = run_of(error.model) if pending else None
    return error.later(minutes_until(run)) if run is not None else error


def _revision(rest: str) -> str:
    """The revision that was probably meant; '' for the newest."""
    if not rest or not MAIN.isdisjoint(revisions.candidates(rest)):
        return ""
    return revisions.unknown_name(rest)
