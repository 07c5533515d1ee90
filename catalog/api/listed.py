"""A page of models as JSON.

First pages are asked for again and again: a row of them becomes its document once, and after that
its state is enough. Pages further on are seldom met twice.
"""

from __future__ import annotations

from typing import Any

import orjson
from orjson import Fragment

from catalog.api.shapes import model_shape
from catalog.selectors.filters import ModelFilter
from catalog.selectors.listing import (
    API_COLUMNS,
    conditions_of_list,
    rows_with_ids,
    state_columns,
    state_of,
)
from catalog.selectors.models import order_of, page_of_models
from core.kept import Kept
from core.pages import Page, Row
from registry.callers import Caller

# About a kilobyte each. Nothing here can be stale: a model that changed has another state.
_documents: Kept[tuple[object, ...], bytes] = Kept(1024)


def page_of_documents(
    caller: Caller, chosen: ModelFilter, *, cursor: str, limit: int
) -> tuple[list[Any], Page]:
    """Give the documents of a page, and the page for its cursors."""
    if cursor:
        page = page_of_models(caller, chosen, cursor=cursor, limit=limit, columns=API_COLUMNS)
        return [model_shape(row) for row in page.rows], page
    columns = state_columns(order_of(chosen.ordering).column)
    page = page_of_models(caller, chosen, limit=limit, columns=columns)
    known = {row["id"]: _documents.get(state_of(row)) for row in page.rows}
    missing = [pk for pk, document in known.items() if document is None]
    known |= _made(rows_with_ids(API_COLUMNS, conditions_of_list(caller, chosen), missing))
    return [Fragment(document) for document in known.values() if document is not None], page


def _made(rows: list[Row]) -> dict[Any, bytes]:
    made = {}
    for row in rows:
        document = orjson.dumps(model_shape(row))
        made[row["id"]] = document
        _documents.put(state_of(row), document)
    return made
