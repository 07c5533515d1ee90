"""What the frame around every page shows: who is signed in and how much work is waiting."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from catalog.selectors.approvals import open_requests
from catalog.selectors.runs import runs_for
from core.models import ACTIVE
from registry.authentication import caller_of
from registry.enums import Scope


def frame(request: HttpRequest) -> dict[str, object]:
    """Context processor; nothing is asked of the database until a template reads it."""
    return {"frame": SimpleLazyObject(lambda: _frame(request))}


def _frame(request: HttpRequest) -> dict[str, object]:
    caller = caller_of(request)
    may_approve = caller.may(Scope.CURATE)
    return {
        "jobs_active": runs_for(caller).filter(state__in=ACTIVE).count(),
        "approvals_open": open_requests(caller).count() if may_approve else 0,
        "can_import": caller.may(Scope.REQUEST),
        "can_approve": may_approve,
        "version": settings.VERSION,
        "tier": caller.tier or "none",
        "role": _role(caller.scopes),
    }


def _role(scopes: frozenset[Scope]) -> str:
    for scope, word in (
        (Scope.ADMIN, "admin"),
        (Scope.CURATE, "curator"),
        (Scope.OPERATE, "operator"),
    ):
        if scope in scopes:
            return word
    return "viewer"
