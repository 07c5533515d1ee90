"""What the Usage page shows, and the same as CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import chain
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from core.errors import InvalidInputError, NotFoundError
from core.wording import file_size, grouped
from registry.callers import Caller
from registry.models import Model, Team
from registry.selectors.access import model_for
from registry.selectors.usage import (
    PERIODS,
    Day,
    Line,
    first_day,
    usage_days,
    usage_of,
    usage_rows,
)

HEAD: Final = ("day", "model", "commit", "team", "client", "files", "bytes")
_MOST_BARS: Final = 100  # of more each would be a hair on a small screen
_WEEK: Final = 7
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def asked_of(caller: Caller, query: Any) -> dict[str, Any]:  # noqa: ANN401 a QueryDict or alike
    """Read model, team and days out of a query; what the caller may not know of is not there."""
    text = query.get("days", str(PERIODS[0]))
    if not text.isascii() or not text.isdigit():
        raise InvalidInputError("days is a number.", field="days")
    model: Model | None = model_for(caller, query["model"]) if query.get("model") else None
    return {"days": int(text[:9]), "model": model, "team": _team(caller, query.get("team", ""))}


def _team(caller: Caller, slug: str) -> Team | None:
    """Teams are for staff; to others none is there."""
    if not slug:
        return None
    team = Team.objects.filter(slug=slug).first() if caller.is_staff and "\0" not in slug else None
    if team is None:
        raise NotFoundError("There is no such team that you may see.")
    return team


def usage_context(request: HttpRequest, caller: Caller) -> dict[str, Any]:
    asked = asked_of(caller, request.GET)
    usage = usage_of(caller, **asked)
    tables = (
        ("Model", usage.by_model, "model"),
        ("Team", usage.by_team, "team"),
        ("Client", usage.by_client, ""),
    )
    return {
        **asked,
        "everybody": caller.is_staff,
        "tabs": [
            {
                "url": _address(asked, days=days),
                "title": f"{days} days",
                "here": days == asked["days"],
            }
            for days in PERIODS
        ],
        "figures": [
            {"label": "Files", "value": grouped(usage.files), "note": "begun"},
            {"label": "Bytes", "value": file_size(usage.bytes), "note": "sent, else promised"},
        ],
        "chart": _chart(usage.by_day, asked["days"]),
        "tables": [
            {"title": title, "rows": [_row(asked, line, name) for line in lines]}
            for title, lines, name in tables
            if lines
        ],
        "csv": _address(asked, format="csv"),
    }


def _chart(used: list[Day], days: int) -> dict[str, Any] | None:
    """What was served by day, or by week where there are many days; None where nothing was."""
    if not used:
        return None
    length = _WEEK if days > _MOST_BARS else 1
    first, last = first_day(days), first_day(1)
    starts = [last - timedelta(days=back) for back in range(length - 1, days + length - 1, length)]
    sums = {start: Day(start, 0, 0) for start in starts}
    for one in used:
        start = last - timedelta(days=(last - one.day).days // length * length + length - 1)
        before = sums.get(start, Day(start, 0, 0))
        sums[start] = Day(start, before.files + one.files, before.bytes + one.bytes)
    bars = sorted(sums.values(), key=lambda bar: bar.day)
    return {
        "unit": "week" if length > 1 else "day",
        "bars": [(_written(max(bar.day, first)), bar.bytes) for bar in bars],
        "rows": [
            {"name": _written(max(bar.day, first)), "files": bar.files, "bytes": bar.bytes}
            for bar in reversed(bars)
            if bar.files or bar.bytes
        ],
    }


def _written(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _address(asked: dict[str, Any], **changes: object) -> str:
    """The page as it was asked for, with some of it changed."""
    now = {"days": asked["days"], "model": asked["model"], "team": asked["team"], **changes}
    told = {name: getattr(value, "slug", value) for name, value in now.items() if value}
    return f"{reverse('catalog:usage')}?{urlencode(told)}"


def _row(asked: dict[str, Any], line: Line, name: str) -> dict[str, Any]:
    """A line, and the address that narrows the page to it."""
    return {"line": line, "url": _address(asked, **{name: line.slug}) if name and line.slug else ""}


class _Echo:
    """What csv writes to: it gives back each line."""

    def write(self, text: str) -> str:
        return text


def csv_lines(caller: Caller, query: Any) -> Iterator[str]:  # noqa: ANN401
    """Every row of the period, a line each; a name that a table would calculate is quoted."""
    rows = usage_rows(usage_days(caller, **asked_of(caller, query)))
    write = csv.writer(_Echo()).writerow
    return (write(line) for line in chain([HEAD], ([_plain(cell) for cell in row] for row in rows)))


def _plain(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
