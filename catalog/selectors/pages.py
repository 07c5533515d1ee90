"""Keyset pages: a deep page costs what the first one costs, whatever the number of rows."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan

from core.cursors import decode_cursor, encode_cursor, foreign_cursor

MAX_ID = 2**63 - 1
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, and cursors to the pages beside them; an empty cursor means that there is none."""

    rows: list[Row]
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


def page_of(rows: QuerySet[Any, Row], *, order: Order, cursor: str, limit: int) -> Page:
    """Cut one page out of rows that hold `id` and the order's column."""
    place = _decode(cursor, order)
    found: list[Row] = []
    for known in _segments(order, place):
        if len(found) <= limit:
            found += _part(rows, order, place, known=known)[: limit + 1 - len(found)]
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


def _part(
    rows: QuerySet[Any, Row], order: Order, place: Place, *, known: bool
) -> QuerySet[Any, Row]:
    if order.nullable:
        rows = rows.filter(**{f"{order.column}__isnull": not known})
    descending = order.descending != place.backward
    columns = (order.column, "id") if known else ("id",)
    if not place.is_start and known == (place.value is not None or not order.nullable):
        rows = rows.filter(_beyond(columns, place, descending=descending))
    return rows.order_by(*(f"-{column}" if descending else column for column in columns))


def _beyond(
    columns: tuple[str, ...], place: Place, *, descending: bool
) -> Q | TupleLessThan | TupleGreaterThan:
    if len(columns) == 1:
        return Q(id__lt=place.id) if descending else Q(id__gt=place.id)
    compare = TupleLessThan if descending else TupleGreaterThan
    return compare(Tuple(*map(F, columns)), (place.value, place.id))


def _encode(order: Order, row: Row, *, backward: bool) -> str:
    return encode_cursor(
        order.name, "before" if backward else "after", row[order.column], row["id"]
    )


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
