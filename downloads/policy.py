"""What a transfer needs, decided from numbers in hand."""

from __future__ import annotations

from collections.abc import Iterable

ARIA2_FROM = 8 * 1024 * 1024  # below, one request of our own is quicker than a round with aria2
MARGIN = 256 * 1024 * 1024  # the disk also holds the database and logs


def bytes_missing(sizes: Iterable[tuple[int, int]]) -> int:
    """Sum what is still to come of files given as (size, bytes already on disk)."""
    return sum(max(0, size - staged) for size, staged in sizes)


def space_needed(missing: int) -> int:
    """Staging and store may lie on one disk: a file moves, so it is counted once, plus a margin."""
    return missing + MARGIN if missing else 0
