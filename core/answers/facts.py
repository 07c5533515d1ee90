"""What an answer rests on: queries, with the rows they gave."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Fact:
    """A query and what it gave; equal rows mean that nothing the answer shows has changed."""

    sql: str
    params: tuple[Any, ...]
    rows: Rows


@dataclass(slots=True)
class Basis:
    """The facts of one answer; `whole` once a view said that there are no others."""

    facts: list[Fact] = field(default_factory=list)
    whole: bool = False


_current: ContextVar[Basis | None] = ContextVar("basis", default=None)


@contextmanager
def noted() -> Iterator[Basis]:
    """Note the facts that the code inside names."""
    basis = Basis()
    token = _current.set(basis)
    try:
        yield basis
    finally:
        _current.reset(token)


def rests_on(fact: Callable[[], Fact]) -> None:
    """Name a fact of the answer that is being made; it is only built where someone notes it."""
    if (basis := _current.get()) is not None:
        basis.facts.append(fact())


def are_all() -> None:
    """Say that the answer being made follows from the request and the named facts alone."""
    if (basis := _current.get()) is not None:
        basis.whole = True


def hold(facts: list[Fact]) -> bool:
    """Ask again; tell whether every query still gives the same rows."""
    with connection.cursor() as cursor:
        for fact in facts:
            cursor.execute(fact.sql, fact.params)
            if cursor.fetchall() != fact.rows:
                return False
    return True
