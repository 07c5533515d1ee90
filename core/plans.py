"""Queries whose plan PostgreSQL may keep."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def kept_plans() -> Iterator[None]:
    """Prepare the queries inside once per connection, and plan them once.

    For the few that are asked all the time and are best answered in the same way whatever their
    values: planning them takes longer than they do. Any other query is planned for its values.
    """
    connection.ensure_connection()
    server = connection.connection
    before, server.prepare_threshold = server.prepare_threshold, 0
    try:
        yield
    finally:
        server.prepare_threshold = before
