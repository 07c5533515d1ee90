"""Rows of several tables out of one statement, as the objects that they are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, models
from django.db.models.base import ModelState

R = TypeVar("R", bound=models.Model)


class Columns(Generic[R]):
    """Some columns of a table; what is made of them fetches any other when it is asked for."""

    def __init__(self, of: type[R], *names: str) -> None:
        meta = of._meta  # noqa: SLF001 public in all but name
        fields = [field for field in meta.concrete_fields if field.attname in names]
        self._of = of
        self._names = [field.attname for field in fields]
        self._json = [field.attname for field in fields if isinstance(field, models.JSONField)]
        self.sql = ", ".join(f"{meta.db_table}.{field.column}" for field in fields)

    def read(self, values: Iterator[Any]) -> R | None:
        """Take its values off a row; None where an outer join found no row.

        An object is made as unpickling makes it: `Model.from_db` looks at every column of the
        table for each row.
        """
        taken = dict(zip(self._names, islice(values, len(self._names)), strict=True))
        if taken[self._names[0]] is None:
            return None
        for name in self._json:
            if taken[name] is not None:
                taken[name] = json.loads(taken[name])
        made = self._of.__new__(self._of)
        state = ModelState()
        state.adding, state.db = False, DEFAULT_DB_ALIAS
        made.__dict__.update(taken, _state=state)
        return made
