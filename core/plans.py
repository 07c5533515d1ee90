"""Queries whose plan PostgreSQL may keep."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def planned(*, kept: bool, after: int = 0) -> Iterator[None]:
    """Let PostgreSQL keep the plans of the queries inside, or plan each for its values.

    Kept, a query is prepared once per connection and planned once. That is for the few that are
    asked all the time and are best answered in the same way whatever their values: planning them
    takes longer than they do. Any other is planned for its values, as queries are.
    """
    connection.ensure_connection()
    server = connection.connection
    before, server.prepare_threshold = server.prepare_threshold, after if kept else None
    try:
        yield
    finally:
        server.prepare_threshold = before
