"""Rows of several tables out of one statement, as the objects that they are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, models

R = TypeVar("R", bound=models.Model)


class Columns(Generic[R]):
    """Some columns of a table; what is made of them fetches any other when it is asked for."""

    def __init__(self, of: type[R], *names: str) -> None:
        meta = of._meta  # noqa: SLF001 public in all but name
        fields = [field for field in meta.concrete_fields if field.attname in names]
        self._of = of
        self._names = [field.attname for field in fields]
        self._json = [isinstance(field, models.JSONField) for field in fields]
        self.sql = ", ".join(f"{meta.db_table}.{field.column}" for field in fields)

    def read(self, values: Iterator[Any]) -> R | None:
        """Take its values off a row; None where an outer join found no row."""
        taken = [
            json.loads(value) if is_json and value is not None else value
            for is_json, value in zip(self._json, values, strict=False)
        ]
        return None if taken[0] is None else self._of.from_db(DEFAULT_DB_ALIAS, self._names, taken)
