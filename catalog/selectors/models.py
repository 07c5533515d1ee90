"""Lists of models, as far as the caller may see them."""

from __future__ import annotations

from catalog.selectors.filters import ModelFilter
from catalog.selectors.listing import PAGE_COLUMNS, conditions_of_list, rows_where
from core.errors import InvalidInputError
from core.pages import Order, Page, page_by, read_number, read_text, read_time
from registry.callers import Caller

MAX_PAGE = 100
DEFAULT_PAGE = 50
_READERS = {
    "updated_at": read_time,
    "name": read_text,
    "num_params": read_number,
    "size_bytes": read_number,
}


def order_of(ordering: str) -> Order:
    column = ordering.removeprefix("-")
    return Order(
        column=column,
        descending=ordering.startswith("-"),
        read=_READERS[column],
        nullable=column == "num_params",
    )


def page_of_models(
    caller: Caller,
    chosen: ModelFilter,
    *,
    cursor: str = "",
    limit: int = DEFAULT_PAGE,
    columns: dict[str, str] = PAGE_COLUMNS,
) -> Page:
    """Give one page of the models that the caller sees, as dicts of these columns."""
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidInputError(f"limit must be from 1 to {MAX_PAGE}.", field="limit")
    conditions = conditions_of_list(caller, chosen)
    return page_by(
        lambda part: rows_where(
            columns, conditions, part, plan_kept=not chosen.used, found_slowly=chosen.is_slow
        ),
        order=order_of(chosen.ordering),
        cursor=cursor,
        limit=limit,
    )
