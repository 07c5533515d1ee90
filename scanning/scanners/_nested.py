"""Walking through what was read from JSON or YAML, however deep."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def tables_in(data: object) -> Iterator[dict[str, Any]]:
    """Give every table in tables and lists once, without recursion."""
    pending, seen = [data], set[int]()
    while pending:
        one = pending.pop()
        if isinstance(one, dict | list):
            if id(one) in seen:
                continue  # an alias of YAML stands for it
            seen.add(id(one))
        if isinstance(one, dict):
            yield one
            pending += one.values()
        elif isinstance(one, list):
            pending += one
