"""Queries that are asked all the time: with a plan that PostgreSQL keeps, or without one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from django.db import DEFAULT_DB_ALIAS, connections

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from psycopg import Connection, Cursor

Row = tuple[Any, ...]
Params = Sequence[Any] | Mapping[str, Any]
_CURSORS: Final = "_yard_cursors"  # kept on the server connection, which is of one thread
_MOST_CURSORS: Final = 64
_FEW_ROWS: Final = 200  # a cursor that is kept keeps what it found


def fetch(sql: str, params: Params | None = (), *, prepared: int | None = 0) -> list[Row]:
    """Fetch all rows; `prepared` is after how many askings PostgreSQL keeps the plan, None never.

    Prepared, a query is parsed and planned once per connection. That is for the few that are asked
    all the time and are best answered in the same way whatever their values: planning them takes
    longer than they do. Any other is planned for its values, as queries are. What is prepared at
    once has a cursor of its own too, so that the driver looks up how to read its columns but once.
    """
    database = connections[DEFAULT_DB_ALIAS]
    database.close_if_health_check_failed()
    database.ensure_connection()
    server = database.connection
    before, server.prepare_threshold = server.prepare_threshold, prepared
    try:
        is_watched = database.queries_logged or database.execute_wrappers
        if prepared == 0 and not is_watched:
            return _fetch_again(database, sql, params)
        with database.cursor() as cursor:
            cursor.execute(sql, params)
            rows: list[Row] = cursor.fetchall()
        return rows
    finally:
        server.prepare_threshold = before


def _fetch_again(database: BaseDatabaseWrapper, sql: str, params: Params | None) -> list[Row]:
    database.validate_no_broken_transaction()
    server: Connection[Row] = database.connection
    cursors: dict[str, Cursor[Row]] = vars(server).setdefault(_CURSORS, {})
    with database.wrap_database_errors:
        cursor = cursors.pop(sql, None) or server.cursor()
        cursor.execute(sql, params)
        rows = cursor.fetchall()
    if len(rows) <= _FEW_ROWS:
        if len(cursors) >= _MOST_CURSORS:
            del cursors[next(iter(cursors))]  # whose query was asked longest ago
        cursors[sql] = cursor
    return rows
