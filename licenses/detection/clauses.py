"""Recognizes clauses that forbid commercial use or restrict use, in words already normalized."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from licenses.detection.classes import LicenseClass, strictest

_PURPOSE = r"(?:research|academic|educational|personal|evaluation|private)"
_NON_COMMERCIAL = re.compile(
    r"\b(?:not|no|never|cannot|prohibits?|prohibited|prohibiting|forbids?|forbidden)"
    r"(?: (?!limited\b)\w+){0,8} commercial(?:ly)?\b(?! (?:damages?|loss(?:es)?))"
    r"|\bcommercial(?:ly)?(?: \w+){0,6} (?:not|prohibited|forbidden|disallowed|requires)\b"
    r"|(?<!commercial or )(?<!commercial and )\bnoncommercial\b(?! (?:or|and) commercial)"
    rf"|\b(?:only|solely|exclusively)(?: \w+){{0,5}} {_PURPOSE}\b"
    rf"|\b{_PURPOSE}(?: (?:use|uses|purposes?|and|or|research|academic)){{1,4}} only\b"
)
_USE = re.compile(
    r"\bmonthly active users\b|\bacceptable use policy\b|\bprohibited uses?\b|\bannual revenue\b"
    r"|\buse(?: based)? restrictions?\b|\bmilitary\b|\bsurveillance\b|\bweapons?\b"
    r"|\b(?:you|licensee)(?: \w+){0,3} (?:agree not to|may not|shall not|must not|will not) use\b"
    r"|\b(?:may|shall|must|can|will) not(?: \w+){0,3} be used\b"
)
_PATTERNS = (
    (LicenseClass.NON_COMMERCIAL, _NON_COMMERCIAL),
    (LicenseClass.RESTRICTED, _USE),
)
_SAYS = {
    LicenseClass.NON_COMMERCIAL: "forbids commercial use",
    LicenseClass.RESTRICTED: "restricts what the model may be used for",
}
_AROUND = 14


@dataclass(frozen=True)
class Clause:
    """A restriction found in the words `start` to `end`."""

    license_class: LicenseClass
    start: int
    end: int

    @property
    def says(self) -> str:
        return _SAYS[self.license_class]


def find_clauses(words: Sequence[str]) -> tuple[Clause, ...]:
    """List every restriction in the words, in their order."""
    text = " ".join(words)
    starts = [0, *accumulate(len(word) + 1 for word in words)]
    found = [
        Clause(
            license_class,
            bisect_right(starts, match.start()) - 1,
            bisect_right(starts, match.end() - 1),
        )
        for license_class, pattern in _PATTERNS
        for match in pattern.finditer(text)
    ]
    return tuple(sorted(found, key=lambda clause: clause.start))


def find_added_clauses(words: Sequence[str], start: int, end: int) -> tuple[Clause, ...]:
    """List the restrictions that the added words `start` to `end` complete where they stand."""
    first = max(0, start - _AROUND)
    near = find_clauses(words[first : end + _AROUND])
    moved = (Clause(c.license_class, c.start + first, c.end + first) for c in near)
    return tuple(clause for clause in moved if clause.start < end and clause.end > start)


def class_of(clauses: Sequence[Clause]) -> LicenseClass:
    """Answer the strictest restriction; without one the class stays unknown."""
    return strictest(clause.license_class for clause in clauses)
