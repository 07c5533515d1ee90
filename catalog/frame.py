"""What the frame around every page shows: who is signed in and how much work is waiting."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from catalog.selectors.approvals import open_requests
from catalog.selectors.runs import runs_for
from catalog.selectors.watching import unseen_events, waiting_versions
from core.answers.facts import count_of
from core.models import ACTIVE
from registry.authentication import caller_of
from registry.callers import Caller
from registry.enums import Scope
from registry.selectors.notices import unread_for

MOST_COUNTED = 99


def frame(request: HttpRequest) -> dict[str, object]:
    """Context processor; nothing is asked of the database until a template reads it."""
    return {"frame": SimpleLazyObject(lambda: _frame(request))}


def _frame(request: HttpRequest) -> dict[str, object]:
    caller = caller_of(request)
    may_approve = caller.may(Scope.CURATE)
    return {
        "jobs_active": count_of(runs_for(caller).filter(state__in=ACTIVE)),
        "approvals_open": count_of(open_requests(caller)) if may_approve else 0,
        "needs_open": _needs(caller),
        "notices_unread": count_of(unread_for(caller)[:MOST_COUNTED]),
        "can_import": caller.may(Scope.REQUEST),
        "can_approve": may_approve,
        "is_staff": caller.is_staff,
        "version": settings.VERSION,
        "tier": caller.tier or "none",
        "role": _role(caller.scopes),
    }


def _needs(caller: Caller) -> int:
    """What happened at sources and waits for somebody, as far as it is worth counting."""
    if not caller.is_steward:
        return 0
    events = count_of(unseen_events(caller)[:MOST_COUNTED])
    waiting = count_of(waiting_versions(caller)[:MOST_COUNTED]) if caller.may(Scope.CURATE) else 0
    return min(events + waiting, MOST_COUNTED)


def _role(scopes: frozenset[Scope]) -> str:
    for scope, word in (
        (Scope.ADMIN, "admin"),
        (Scope.CURATE, "curator"),
        (Scope.OPERATE, "operator"),
    ):
        if scope in scopes:
            return word
    return "viewer"
