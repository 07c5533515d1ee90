"""Keyset pages: a deep page costs what the first one costs, whatever the number of rows."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import F, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.http import HttpRequest, QueryDict

from core.cursors import decode_cursor, encode_cursor, foreign_cursor

MAX_ID = 2**63 - 1
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, and cursors to the pages beside them; an empty cursor means that there is none."""

    rows: list[Any]
    next: str = ""
    previous: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """A column that rows are sorted by, with `id` as tie-breaker; unknown values come last."""

    column: str
    descending: bool
    read: Callable[[Any], Any]
    nullable: bool = False
    text_ids: bool = False  # ids are UUIDs rather than numbers

    @property
    def name(self) -> str:
        return f"-{self.column}" if self.descending else self.column


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: after (or, going back, before) the row with this value and id."""

    backward: bool = False
    value: Any = None
    id: int | uuid.UUID | None = None

    @property
    def is_start(self) -> bool:
        return self.id is None


@dataclass(frozen=True, slots=True)
class Part:
    """What one query of a page fetches: so many rows, sorted, beyond a place."""

    columns: tuple[str, ...]
    descending: bool
    limit: int
    beyond: tuple[Any, ...] | None = None  # values of the columns
    nullable: str = ""  # a column that is unknown in some rows
    known: bool = True  # which of them

    def sql(self, table: str) -> tuple[str, tuple[Any, ...]]:
        """Give what follows a WHERE clause that is not empty."""
        columns = [f"{table}.{column}" for column in self.columns]
        known = "IS NOT NULL" if self.known else "IS NULL"
        text = f" AND {table}.{self.nullable} {known}" if self.nullable else ""
        if self.beyond is not None:
            places = ", ".join(["%s"] * len(columns))
            text += f" AND ({', '.join(columns)}) {'<' if self.descending else '>'} ({places})"
        way = " DESC" if self.descending else ""
        order = ", ".join(f"{column}{way}" for column in columns)
        return f"{text} ORDER BY {order} LIMIT {self.limit:d}", self.beyond or ()

    def of(self, rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
        """Give the same of a queryset."""
        if self.nullable:
            rows = rows.filter(**{f"{self.nullable}__isnull": not self.known})
        if self.beyond is not None:
            compare = TupleLessThan if self.descending else TupleGreaterThan
            rows = rows.filter(compare(Tuple(*map(F, self.columns)), self.beyond))
        order = [f"-{column}" if self.descending else column for column in self.columns]
        return rows.order_by(*order)[: self.limit]


Fetch = Callable[[Part], list[Any]]


def page_of(rows: QuerySet[Any, Any], *, order: Order, cursor: str, limit: int) -> Page:
    """Cut one page out of rows, models or `.values()`, with `id` and the order's column."""
    return page_by(lambda part: list(part.of(rows)), order=order, cursor=cursor, limit=limit)


def page_by(fetch: Fetch, *, order: Order, cursor: str, limit: int) -> Page:
    """Cut one page out of what `fetch` gives for its parts."""
    place = _decode(cursor, order)
    found: list[Any] = []
    for known in _segments(order, place):
        if len(found) <= limit:
            found += fetch(_part(order, place, known=known, limit=limit + 1 - len(found)))
    more = len(found) > limit
    found = found[:limit]
    if place.backward:
        found.reverse()
    before = more if place.backward else not place.is_start
    after = more or place.backward
    if not found:
        return Page([])
    return Page(
        found,
        next=_encode(order, found[-1], backward=False) if after else "",
        previous=_encode(order, found[0], backward=True) if before else "",
    )


def _segments(order: Order, place: Place) -> list[bool]:
    """Name the parts to look in, as they are walked: True for known values, False for unknown."""
    if not order.nullable:
        return [True]
    walk = [False, True] if place.backward else [True, False]
    if place.is_start:
        return walk
    here = place.value is not None
    return walk[walk.index(here) :]


def _part(order: Order, place: Place, *, known: bool, limit: int) -> Part:
    inside = not place.is_start and known == (place.value is not None or not order.nullable)
    columns = (order.column, "id") if known else ("id",)
    values = (place.value, place.id) if known else (place.id,)
    return Part(
        columns,
        order.descending != place.backward,
        limit,
        beyond=values if inside else None,
        nullable=order.column if order.nullable else "",
        known=known,
    )


def _encode(order: Order, row: Any, *, backward: bool) -> str:  # noqa: ANN401 a model or a dict
    way = "before" if backward else "after"
    return encode_cursor(order.name, way, _value(row, order.column), _value(row, "id"))


def _value(row: Any, column: str) -> object:  # noqa: ANN401 a model or a dict
    return row[column] if isinstance(row, dict) else getattr(row, column)


def _decode(cursor: str, order: Order) -> Place:
    if not cursor:
        return Place()
    name, way, value, row_id = decode_cursor(cursor, parts=4)
    if (
        name != order.name
        or way not in ("after", "before")
        or (value is None and not order.nullable)
    ):
        raise foreign_cursor()
    try:
        read_id = uuid.UUID(row_id) if order.text_ids else read_number(row_id)
        read_value = None if value is None else order.read(value)
    except (AttributeError, TypeError, ValueError) as error:
        raise foreign_cursor() from error
    return Place(way == "before", read_value, read_id)


def read_time(value: object) -> datetime:
    if not isinstance(value, str):
        raise TypeError("a time of a cursor is a text")
    time = datetime.fromisoformat(value)
    if time.tzinfo is None:
        raise ValueError("a time of a cursor has a zone")
    return time


def read_number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_ID:
        raise ValueError("not a number of a cursor")
    return value


def read_text(value: object) -> str:
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError("not a text of a cursor")
    return value


def links(request: HttpRequest, page: Page) -> dict[str, str]:
    """Give what the pager below a list shows: queries that lead on ('' at an end), and a count."""
    return {
        "newer": query_with(request.GET, page.previous),
        "older": query_with(request.GET, page.next),
        "shown": f"{len(page.rows)} shown",
    }


def query_with(query: QueryDict, cursor: str) -> str:
    """Give the same query with another cursor; '' without one."""
    if not cursor:
        return ""
    kept = [(name, values) for name, values in query.lists() if name != "cursor"]
    return f"?{urlencode([*kept, ('cursor', cursor)], doseq=True)}"
