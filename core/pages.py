"""Keyset pages of a query set: the cost of a page does not grow with its depth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from core.cursors import decode_cursor, encode_cursor, foreign_cursor


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one page with the query strings that lead on ('' at an end)."""

    rows: Sequence[Any]
    newer: str
    older: str

    @property
    def links(self) -> dict[str, str]:
        count = len(self.rows)
        return {"newer": self.newer, "older": self.older, "shown": f"{count} shown"}


def page_of(request: HttpRequest, rows: QuerySet[Any], *, by: str, size: int) -> Page:
    """Give the page that `cursor` in the address names, ordered by a unique field `by`.

    `by` may start with `-`. A cursor is `[direction, value]`: after or before a row.
    """
    name, falling = by.removeprefix("-"), by.startswith("-")
    direction, value = _place(request.GET.get("cursor", ""), rows.model, name)
    backwards = direction == "before"
    if value is not None:
        lookup = "lt" if falling != backwards else "gt"
        rows = rows.filter(**{f"{name}__{lookup}": value})
    order = by if not backwards else (name if falling else f"-{name}")
    found = list(rows.order_by(order)[: size + 1])
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    has_newer = more if backwards else value is not None
    has_older = True if backwards else more
    return Page(
        rows=found,
        newer=_link(request, "before", found[0], name) if found and has_newer else "",
        older=_link(request, "after", found[-1], name) if found and has_older else "",
    )


def _place(text: str, model: type[Model], name: str) -> tuple[str, object]:
    """Read a cursor; one whose value no row of this list can have is an error of its sender."""
    if not text:
        return "after", None
    direction, value = decode_cursor(text, parts=2)
    wanted = str if isinstance(value, str) else int
    if direction not in ("after", "before") or type(value) is not wanted or "\0" in str(value):
        raise foreign_cursor()
    field: Any = model._meta.get_field(name)  # noqa: SLF001 Django's documented way
    try:
        return direction, field.to_python(value)
    except (ValidationError, TypeError) as error:
        raise foreign_cursor() from error


def _link(request: HttpRequest, direction: str, row: Model, name: str) -> str:
    query = request.GET.copy()
    query["cursor"] = encode_cursor(direction, getattr(row, name))
    return f"?{query.urlencode()}"
