"""What an answer rests on: queries, with the states of what they found."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.backends.postgresql.psycopg_any import mogrify
from django.db.models import QuerySet
from django.http import QueryDict

from core.plans import Row, fetch

STEP = 10  # seconds
_ASKED_AGAIN = 1  # a plan for its own values pays for what is asked more than once


@dataclass(frozen=True, slots=True)
class Fact:
    """A query for one text, `state`, of each row, and the texts that came with the answer's rows.

    Equal texts in equal order mean that nothing the answer shows has changed.
    """

    sql: str
    params: tuple[Any, ...]
    states: tuple[str, ...]
    plan_kept: bool  # whether its best plan is the same whatever its values


class UnprovenError(Exception):
    """What something was made on the strength of does perhaps not hold any more."""


Make = Callable[[QueryDict], bytes]
Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Deed:
    """What is done whenever an answer is sent; `headers` are the names of those that it gives."""

    do: Callable[[], Headers | None]
    headers: frozenset[str]


@dataclass(slots=True)
class Basis:
    """The facts of one answer; `whole` once a view said that there are no others.

    `asked_by` once a fact told who asks: without one an answer is nobody's, and is not kept.
    `common` are those of its series: of all answers to the same request with whatever query.
    `make` gives another one of these and names its facts. `deeds` are done for each of them.
    """

    facts: list[Fact] = field(default_factory=list)
    common: list[Fact] = field(default_factory=list)
    asked_by: bool = False
    whole: bool = False
    make: Make | None = None
    deeds: list[Deed] = field(default_factory=list)


@dataclass(slots=True)
class _Proof:
    fact: Fact
    is_given: bool = False


_current: ContextVar[Basis | None] = ContextVar("basis", default=None)
_proof: ContextVar[_Proof | None] = ContextVar("proof", default=None)
_of_query: ContextVar[bool] = ContextVar("of_query", default=False)


@contextmanager
def noted() -> Iterator[Basis]:
    """Note the facts that the code inside names."""
    basis = Basis()
    token = _current.set(basis)
    try:
        yield basis
    finally:
        _current.reset(token)


def are_noted() -> bool:
    """Tell whether somebody notes the facts of what is being made."""
    return _current.get() is not None


def rests_on(fact: Callable[[], Fact]) -> None:
    """Name a fact of the answer that is being made; it is only built where someone notes it."""
    if (basis := _current.get()) is not None:
        named = fact()
        basis.facts.append(named)
        if not _of_query.get():
            basis.common.append(named)


def asked_by(fact: Callable[[], Fact]) -> None:
    """Name the fact that tells who asks: it ends when they are no longer who they were."""
    rests_on(fact)
    if (basis := _current.get()) is not None:
        basis.asked_by = True


def each_time(do: Callable[[], Headers | None], *, headers: frozenset[str]) -> None:
    """Have something done again whenever the answer that is being made is sent again.

    It gives headers of these names, or None where the view has to answer instead.
    """
    if (basis := _current.get()) is not None:
        basis.deeds.append(Deed(do, headers))


@contextmanager
def proving(fact: Fact) -> Iterator[None]:
    """Presume a fact of one row inside: the first statement of `fetch_proving` asks for it too.

    Whatever comes of it, an error as well, leaves only once that statement found the fact true.

    Raises:
        UnprovenError: it is not, or no statement could tell.
    """
    proof = _Proof(fact)
    token = _proof.set(proof)
    try:
        yield
    except Exception as error:
        if not proof.is_given:
            raise UnprovenError from error
        raise
    finally:
        _proof.reset(token)
    if not proof.is_given:
        raise UnprovenError


@dataclass(frozen=True, slots=True)
class Source:
    """What rows come from: tables with their values, then a condition, an order and a limit."""

    tables: str
    of_tables: tuple[Any, ...]
    where: str
    of_where: tuple[Any, ...]

    def select(self, columns: str) -> tuple[str, tuple[Any, ...]]:
        """Give the statement for these columns, and its values."""
        sql = f"SELECT {columns} FROM {self.tables} WHERE {self.where}"  # noqa: S608 SQL of ours
        return sql, self.of_tables + self.of_where

    def given(self, fact: Fact) -> Source:
        """Give the same, without any row where the fact does not hold."""
        where, values = f"({fact.sql}) = %s AND {self.where}", (*fact.params, *fact.states)
        return replace(self, where=where, of_where=values + self.of_where)


def fetch_proving(columns: str, source: Source, *, plan_kept: bool) -> list[Row]:
    """Fetch rows, and with the first of them what is to be proved, in one way to the database."""
    proof, prepared = _proof.get(), 0 if plan_kept else None
    if proof is None or proof.is_given:
        return fetch(*source.select(columns), prepared=prepared)
    rows = fetch(*source.given(proof.fact).select(columns), prepared=prepared)
    if not rows:
        raise UnprovenError
    proof.is_given = True
    return rows


def count_of(rows: QuerySet[Any, Any]) -> int:
    """Count the rows, and name their number as a fact."""
    number = rows.count()
    rests_on(lambda: _number(rows, number))
    return number


def rests_on_time() -> None:
    """Name the time as a fact: what tells ages is made anew every STEP seconds."""
    sql = "SELECT floor(extract(epoch FROM statement_timestamp()) / %s)::text AS state"
    now = str(int(time.time()) // STEP)
    rests_on(lambda: Fact(sql, (STEP,), (now,), plan_kept=True))


def _number(rows: QuerySet[Any, Any], number: int) -> Fact:
    try:
        sql, params = rows.values("pk").query.sql_with_params()
    except EmptyResultSet:  # of conditions that no row can meet, today or later
        return Fact("SELECT '0' AS state", (), ("0",), plan_kept=True)
    counted = f"SELECT count(*)::text AS state FROM ({sql}) counted"  # noqa: S608 compiled by Django
    return Fact(counted, params, (str(number),), plan_kept=True)


@contextmanager
def of_query() -> Iterator[None]:
    """Say that what is made inside, with its facts, would be another for another query."""
    token = _of_query.set(True)
    try:
        yield
    finally:
        _of_query.reset(token)


def are_all(*, make: Make | None = None) -> None:
    """Say that the answer being made follows from the request and the named facts alone.

    With `make`, the same request with another query is answered by what `make` gives for it, while
    the facts that were not named inside `of_query` hold. Where it cannot, it raises.
    """
    if (basis := _current.get()) is not None:
        basis.whole, basis.make = True, make


@dataclass(frozen=True, slots=True)
class Question:
    """Facts as one query, so that asking them again takes one way to the database.

    Where the best plan depends on values, they are written into the query: asked again, it is
    planned for exactly these, and no longer each time. Others share one plan for whatever values.
    """

    sql: str
    params: tuple[Any, ...] | None
    states: tuple[str | None, ...]

    @classmethod
    def of(cls, facts: Sequence[Fact]) -> Question:
        """Put facts together; the texts of a fact come one below the other, None for no rows."""
        one = "(SELECT string_agg(state, E'\\n') FROM ({}) asked)"
        sql = f"SELECT {', '.join(one.format(fact.sql) for fact in facts)}"
        params = tuple(value for fact in facts for value in fact.params)
        states = tuple("\n".join(fact.states) or None for fact in facts)
        if all(fact.plan_kept for fact in facts):
            return cls(sql, params, states)
        return cls(mogrify(sql, params, connection), None, states)

    def still_holds(self) -> bool:
        """Ask; tell whether everything is in the state in which it was."""
        prepared = _ASKED_AGAIN if self.params is None else 0
        return fetch(self.sql, self.params, prepared=prepared) == [self.states]
