"""Walking through what was read from JSON or YAML, however deep."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def tables_in(data: object) -> Iterator[dict[str, Any]]:
    """Give every table in tables and lists, without recursion."""
    pending = [data]
    while pending:
        one = pending.pop()
        if isinstance(one, dict):
            yield one
            pending += one.values()
        elif isinstance(one, list):
            pending += one
