"""What a transfer needs, decided from numbers in hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

ARIA2_FROM = 8 * 1024 * 1024  # below, one request of our own is quicker than a round with aria2
AT_ONCE = 16  # files of a run that may be in staging at the same time
MARGIN = 256 * 1024 * 1024  # the disk also holds the database and logs


def space_needed(missing: int) -> int:
    """Staging and store may lie on one disk: a file moves, so it is counted once, plus a margin."""
    return missing + MARGIN if missing else 0


@dataclass(frozen=True, slots=True)
class Need:
    """Room that a run needs on the disk of `place`, what is free there, what others will write."""

    place: str
    bytes: int
    free: int
    promised: int = 0


def needs_of(
    sizes: Iterable[tuple[int, int]],
    *,
    free: Mapping[str, int],
    arriving: int,
    to_store: int,
    beside: Mapping[str, int],
) -> list[Need]:
    """Say what files given as (size, bytes staged) need on each disk that is named in `free`.

    `arriving` and `to_store` are bytes that other runs still move, `beside` what else was promised.

    On one disk a file moves from staging to the store and is counted once. With a store of its own
    every file comes to both, and staging holds only those that move at once.
    """
    files = list(sizes)
    missing = sum(max(0, size - staged) for size, staged in files)
    if not missing:
        return []
    if "store" not in free:
        promised = arriving + beside["staging"]
        return [Need("staging", space_needed(missing), free["staging"], promised)]
    largest = sum(sorted((size for size, _ in files), reverse=True)[:AT_ONCE])
    whole = sum(size for size, _ in files)
    return [
        Need(
            "staging",
            min(missing, largest) + MARGIN,
            free["staging"],
            min(arriving, largest) + beside["staging"],
        ),
        Need("store", whole + MARGIN, free["store"], to_store + beside["store"]),
    ]


def shortage(need: Need) -> int:
    """The bytes that a disk lacks for what is needed on it; 0 when there is room."""
    return max(0, need.bytes + need.promised - need.free)


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
