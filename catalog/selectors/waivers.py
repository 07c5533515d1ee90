"""Waivers of findings, of contents that the caller sees."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from catalog.selectors.versions import check_limit
from core.errors import InvalidInputError
from core.pages import Order, Page, page_of, read_time
from registry.callers import Caller
from scanning.models import FindingWaiver
from scanning.selectors import visible_waivers

MAX_WAIVERS = 100
STATES = ("active", "expired", "taken_back")
_NEWEST = Order(column="granted_at", descending=True, read=read_time)


def state_of(waiver: FindingWaiver) -> str:
    if waiver.ended_by_id is not None:
        return "taken_back"
    over = waiver.ended_at is not None or waiver.expires_at <= timezone.now()
    return "expired" if over else "active"


def page_of_waivers(caller: Caller, *, sha256: str, state: str, cursor: str, limit: int) -> Page:
    check_limit(limit, MAX_WAIVERS)
    rows: QuerySet[FindingWaiver, Any] = visible_waivers(caller)
    if sha256:
        rows = rows.filter(sha256=sha256)
    if state:
        rows = rows.filter(_in_state(state))
    return page_of(rows.order_by(), order=_NEWEST, cursor=cursor, limit=limit)


def _in_state(state: str) -> Q:
    active = Q(ended_at__isnull=True, expires_at__gt=timezone.now())
    taken_back = Q(ended_by__isnull=False)
    by_state = {"active": active, "taken_back": taken_back, "expired": ~active & ~taken_back}
    if state not in by_state:
        raise InvalidInputError(f"state is one of {', '.join(STATES)}.", field="state")
    return by_state[state]
