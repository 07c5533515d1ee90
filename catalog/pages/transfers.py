"""What the page of a job shows of the files it moves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Case, IntegerField, Value, When
from django.http import HttpRequest
from django.urls import reverse

from core.models import Run
from core.pages import Order, links, page_of, read_number
from core.wording import file_size, took
from downloads.models import FileTransfer, RunTransfers, TransferState
from downloads.selectors import counts_of, totals_of, transfers_of

SHOWN = 30  # files of the short view: those that move or need somebody come first
PAGE = 50
FIRST = 10  # the priority that "first" gives
_IN_ORDER = Order(column="id", descending=False, read=read_number)
_RANKS = (
    TransferState.MOVING,
    TransferState.FAILED,
    TransferState.PAUSED,
    TransferState.CANCELLED,
    TransferState.VERIFYING,
    TransferState.WAITING,
    TransferState.STORED,
)


def files_context(request: HttpRequest, run: Run) -> dict[str, Any]:
    """Give the files of a run, what they add up to, and which part of them is asked for."""
    counts = counts_of(run)
    if not counts:
        return {"files": None}
    own = RunTransfers.objects.filter(run=run).first()
    totals, part = totals_of(run), request.GET.get("files", "")
    listed: dict[str, Any] = _page(request, run, part) if part else {"rows": _short(run)}
    left = (totals["size"] - totals["done"]) / totals["speed"] if totals["speed"] else None
    return {
        "files": {
            **listed,
            "tabs": _tabs(run, counts, part),
            "paused": bool(own and own.paused),
            "first": bool(own and own.priority > 0),
            "more": 0 if part else max(0, sum(counts.values()) - SHOWN),
            "done": totals["done"],
            "size": totals["size"],
            "speed": f"{file_size(totals['speed'])}/s" if totals["speed"] else "",
            "left": took(timedelta(seconds=left)) if left and run.is_active else "",
            "first_priority": FIRST,
        }
    }


def _short(run: Run) -> list[FileTransfer]:
    ranks = [When(state=state, then=Value(rank)) for rank, state in enumerate(_RANKS)]
    rows = transfers_of(run).annotate(rank=Case(*ranks, output_field=IntegerField()))
    return list(rows.order_by("rank", "-priority", "size", "id")[:SHOWN])


def _page(request: HttpRequest, run: Run, part: str) -> dict[str, Any]:
    rows = transfers_of(run).order_by()
    if part in TransferState.values:
        rows = rows.filter(state=part)
    cursor = request.GET.get("cursor", "")
    page = page_of(rows, order=_IN_ORDER, cursor=cursor, limit=PAGE)
    return {"rows": page.rows, **links(request, page)}


def _tabs(run: Run, counts: dict[str, int], part: str) -> list[dict[str, object]]:
    url = reverse("catalog:job", args=[run.pk])
    tabs = [("", "Now", None), ("all", "All", sum(counts.values()))]
    tabs += [(state, state.capitalize(), counts[state]) for state in _RANKS if state in counts]
    return [
        {
            "url": f"{url}?files={value}#files" if value else f"{url}#files",
            "title": title,
            "count": count,
            "here": part == value,
        }
        for value, title, count in tabs
    ]
