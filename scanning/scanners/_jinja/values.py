"""What an expression of a template may be worth, as far as its text alone decides it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

MAX_TEXT = 64 * 1024
_MAX_CONSTANTS = 32
_MAX_FRAGMENTS = 128
_LONGEST_FRAGMENT = 200

Constant: TypeAlias = "str | int | float | bool | tuple[Constant, ...] | Table | None"


@dataclass(frozen=True, slots=True)
class Table:
    """A dict whose keys and values are constants."""

    pairs: tuple[tuple[Constant, Constant], ...]


@dataclass(frozen=True, slots=True)
class Value:
    """Constants it may be; with `is_open` also something that the template's author computed.

    `fragments` are texts of the author with an underscore that went into what could not be
    followed. Without constants and not open it is data of whoever renders the template.
    """

    constants: frozenset[Constant] = frozenset()
    fragments: frozenset[str] = field(default=frozenset())
    is_open: bool = False

    def __or__(self, other: Value) -> Value:
        return _capped(
            self.constants | other.constants,
            self.fragments | other.fragments,
            is_open=self.is_open or other.is_open,
        )

    def words(self) -> Iterator[str]:
        """Every text in its constants."""
        for constant in self.constants:
            yield from _texts(constant)

    @property
    def is_data(self) -> bool:
        return not self.constants and not self.is_open


DATA = Value()
# A function turned to text: its author knows which characters stand in it.
FUNCTION = Value(fragments=frozenset({"_"}), is_open=True)


def constant(value: Constant) -> Value:
    return constants([value])


def constants(values: Iterable[Constant]) -> Value:
    return _capped(frozenset(_Typed.of(values)), frozenset(), is_open=False)


def opened(*parts: Value, extra: Iterable[str] = ()) -> Value:
    """What an operation that is not followed makes of the parts; data stays data."""
    words = [word for part in parts for word in part.words()]
    known = frozenset().union(*(part.fragments for part in parts))
    fragments = _fragments([*words, *extra]) | known
    is_open = any(part.is_open or part.constants for part in parts) or bool(extra)
    return _capped(frozenset(), fragments, is_open=is_open)


class _Typed:
    """Python calls 1, 1.0 and True equal; a set of constants must not lose one of them."""

    @staticmethod
    def of(values: Iterable[Constant]) -> Iterator[Constant]:
        for value in values:
            yield int(value) if isinstance(value, bool) else value


def _capped(known: frozenset[Constant], fragments: frozenset[str], *, is_open: bool) -> Value:
    if len(known) > _MAX_CONSTANTS:
        words = [word for value in known for word in _texts(value)]
        fragments, known, is_open = fragments | _fragments(words), frozenset(), True
    if len(fragments) > _MAX_FRAGMENTS:
        fragments = frozenset(sorted(fragments, key=_interest)[:_MAX_FRAGMENTS])
    return Value(known, fragments, is_open)


def _interest(fragment: str) -> tuple[bool, int]:
    return "__" not in fragment, len(fragment)


def _fragments(words: Iterable[str]) -> frozenset[str]:
    return frozenset(word[:_LONGEST_FRAGMENT] for word in words if "_" in word)


def _texts(value: Constant) -> Iterator[str]:
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, tuple):
            pending += one
        elif isinstance(one, Table):
            pending += [part for pair in one.pairs for part in pair]
