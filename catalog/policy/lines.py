"""Compare two texts line by line, as people read it, whatever the texts hold: always in bounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

MOST_READ: Final = 2_000  # lines of each side that are compared
MOST_SHOWN: Final = 300
LONGEST: Final = 400  # letters of one line
AROUND: Final = 3


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a comparison; `kind` is same, added, removed or gap (lines left out)."""

    kind: str
    text: str
    before: int | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True)
class TextChange:
    """What changed in a text; `is_whole` is false where not all of it is compared or shown."""

    added: int
    removed: int
    lines: tuple[Line, ...]
    is_whole: bool


def compare_texts(before: str, after: str) -> TextChange:
    """Give the changed lines with a few around them, and how many were added and removed."""
    old, new = before.splitlines(), after.splitlines()
    whole = max(len(old), len(new)) <= MOST_READ
    old, new = old[:MOST_READ], new[:MOST_READ]
    head = _shared(old, new)
    tail = _shared(old[head:][::-1], new[head:][::-1])
    middle = SequenceMatcher(None, old[head : len(old) - tail], new[head : len(new) - tail])
    changes = [
        (tag, a + head, b + head, c + head, d + head)
        for tag, a, b, c, d in middle.get_opcodes()
        if tag != "equal"
    ]
    shown: list[Line] = []
    for line in _lines(old, new, changes):
        if len(shown) == MOST_SHOWN:
            whole = False
            break
        shown.append(line)
    return TextChange(
        added=sum(d - c for _, _, _, c, d in changes),
        removed=sum(b - a for _, a, b, _, _ in changes),
        lines=tuple(shown),
        is_whole=whole,
    )


def _shared(old: Sequence[str], new: Sequence[str]) -> int:
    """Count the lines that both begin with."""
    for count, (one, other) in enumerate(zip(old, new, strict=False)):
        if one != other:
            return count
    return min(len(old), len(new))


def _lines(
    old: Sequence[str], new: Sequence[str], changes: Sequence[tuple[str, int, int, int, int]]
) -> Iterator[Line]:
    done = 0  # lines of the old text that were passed
    for number, (_, a, b, c, d) in enumerate(changes):
        start = max(done, a - AROUND)
        if start > done:
            yield Line("gap", "")
        yield from _same(old, start, a, shift=c - a)
        for at in range(a, b):
            yield Line("removed", _clipped(old[at]), before=at + 1)
        for at in range(c, d):
            yield Line("added", _clipped(new[at]), after=at + 1)
        following = changes[number + 1][1] if number + 1 < len(changes) else len(old)
        done = min(b + AROUND, following)
        yield from _same(old, b, done, shift=d - b)
    if changes and done < len(old):
        yield Line("gap", "")


def _same(old: Sequence[str], start: int, end: int, *, shift: int) -> Iterator[Line]:
    for at in range(start, end):
        yield Line("same", _clipped(old[at]), before=at + 1, after=at + 1 + shift)


def _clipped(line: str) -> str:
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"
