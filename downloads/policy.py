"""What a transfer needs, decided from numbers in hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

ARIA2_FROM = 8 * 1024 * 1024  # below, one request of our own is quicker than a round with aria2
MARGIN = 256 * 1024 * 1024  # the disk also holds the database and logs


def bytes_missing(sizes: Iterable[tuple[int, int]]) -> int:
    """Sum what is still to come of files given as (size, bytes already on disk)."""
    return sum(max(0, size - staged) for size, staged in sizes)


def space_needed(missing: int) -> int:
    """Staging and store may lie on one disk: a file moves, so it is counted once, plus a margin."""
    return missing + MARGIN if missing else 0


class Hashed(Protocol):
    @property
    def sha256(self) -> str: ...


L = TypeVar("L", bound=Hashed)
R = TypeVar("R", bound=Hashed)


def side_by_side(left: Iterable[L], right: Iterable[R]) -> Iterator[tuple[L | None, R | None]]:
    """Walk two lists in order of the hash and pair what has the same; holds one of each.

    A list that is out of order would make present things look absent: ValueError.
    """
    ones, others = _ordered(left), _ordered(right)
    one, other = next(ones, None), next(others, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one.sha256 < other.sha256):
            yield one, None
            one = next(ones, None)
        elif one is None or other.sha256 < one.sha256:
            yield None, other
            other = next(others, None)
        else:
            yield one, other
            one, other = next(ones, None), next(others, None)


def _ordered(rows: Iterable[L]) -> Iterator[L]:
    last = ""
    for row in rows:
        if row.sha256 <= last:
            raise ValueError(f"Out of order: {row.sha256} after {last}")
        last = row.sha256
        yield row
