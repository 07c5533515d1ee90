"""How much was served: what stewards see of the models they see, and everybody of themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import F, QuerySet, Sum
from django.utils import timezone

from core.errors import InvalidInputError
from registry.callers import Caller
from registry.models import Model, Team, UsageDay
from registry.selectors.access import knowable_models, visible_models

PERIODS: Final = (30, 90, 365)
LINES: Final = 50  # of each table
_SUMS: Final = {"files": Sum("files"), "bytes": Sum("bytes")}
_EXPORTED: Final = ("day", "repo_id", "commit", "team_slug", "client_family")


@dataclass(frozen=True, slots=True)
class Line:
    """What was served of one model, to one team or to one family of clients."""

    name: str
    slug: str
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Day:
    """What was served on one day (UTC)."""

    day: date
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class UsagePage:
    """The sums of a period, its days with any use, and its lines with the most bytes first."""

    days: int
    files: int
    bytes: int
    by_day: list[Day]
    by_model: list[Line]
    by_team: list[Line]
    by_client: list[Line]


def usage_days(
    caller: Caller, *, model: Model | None = None, team: Team | None = None, days: int
) -> QuerySet[UsageDay]:
    """Rows of the last days that the caller may see.

    Staff see the use of every model of their tier, others their own use alone. Without an account
    there is none.
    """
    if days not in PERIODS:
        known = ", ".join(str(period) for period in PERIODS)
        raise InvalidInputError(f"days is one of {known}.", field="days")
    rows = UsageDay.objects.filter(day__gte=first_day(days))
    if caller.is_staff:
        rows = rows.filter(model__in=visible_models(caller))
    else:
        rows = rows.filter(user_id=caller.person, model__in=knowable_models(caller))
    if model is not None:
        rows = rows.filter(model=model)
    return rows.filter(team=team) if team is not None else rows


def first_day(days: int) -> date:
    """The first of this many days (UTC), of which today is the last."""
    return timezone.now().date() - timedelta(days=days - 1)


def usage_of(
    caller: Caller, *, model: Model | None = None, team: Team | None = None, days: int
) -> UsagePage:
    """Sum what was served; as many queries for many models as for one."""
    rows = usage_days(caller, model=model, team=team, days=days)
    total = rows.aggregate(**_SUMS)
    return UsagePage(
        days=days,
        files=total["files"] or 0,
        bytes=total["bytes"] or 0,
        by_day=_days(rows),
        by_model=_lines(rows, "model__repo_id", "model__slug"),
        by_team=_lines(rows, "team__name", "team__slug"),
        by_client=_lines(rows, "client_family", "client_family"),
    )


def _days(rows: QuerySet[UsageDay]) -> list[Day]:
    sums: Any = rows.order_by().values("day").annotate(**_SUMS).order_by("day")
    return [Day(row["day"], row["files"], row["bytes"]) for row in sums]


def _lines(rows: QuerySet[UsageDay], name: str, slug: str) -> list[Line]:
    grouped: Any = rows.order_by().values(line=F(name), key=F(slug)).annotate(**_SUMS)
    most = grouped.order_by("-bytes", "-files", "line")[:LINES]
    return [Line(row["line"] or "", row["key"] or "", row["files"], row["bytes"]) for row in most]


def usage_rows(rows: QuerySet[UsageDay]) -> Iterator[tuple[date, str, str, str, str, int, int]]:
    """Give the sums by day, version, team and client, the oldest first; names nobody."""
    grouped: Any = (
        rows.order_by()
        .values(
            "day",
            "client_family",
            repo_id=F("model__repo_id"),
            commit=F("version__commit"),
            team_slug=F("team__slug"),
        )
        .annotate(**_SUMS)
        .order_by(*_EXPORTED)
    )
    for row in grouped.iterator(chunk_size=2000):
        told = tuple(row[name] or "" for name in _EXPORTED)
        yield (*told, row["files"], row["bytes"])
