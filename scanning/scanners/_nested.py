"""Walking through what was read from JSON or YAML, however deep."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def tables_in(data: object, *, has_aliases: bool = False) -> Iterator[dict[str, Any]]:
    """Give every table in tables and lists, without recursion; once, where aliases stand for it."""
    pending, seen = [data], set[int]()
    while pending:
        one = pending.pop()
        if has_aliases and isinstance(one, dict | list):
            if id(one) in seen:
                continue
            seen.add(id(one))
        if isinstance(one, dict):
            yield one
            pending += one.values()
        elif isinstance(one, list):
            pending += one
