"""Entries of BibTeX as far as they name a paper: one pass, braces counted, everything bounded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

MOST_ENTRIES: Final = 20
LONGEST_VALUE: Final = 2000
_MOST_FIELDS: Final = 60
_DEEPEST: Final = 20
_OPENING = re.compile(r"@([a-zA-Z]{2,30})\s{0,9}\{\s{0,9}([^\s,{}]{0,120})\s{0,9},")
_NAME = re.compile(r"[\s,]{0,400}([a-zA-Z][\w-]{0,40})\s{0,99}=\s{0,99}")
_BARE = re.compile(r"[^\s,{}\"]{1,200}")
_SIGN = re.compile(r"\\([&%$#_])")
_COMMAND = re.compile(r"\\(?:[a-zA-Z]{1,30}\s?|[^a-zA-Z\s])")
_ARTICLES: Final = frozenset({
    "article", "book", "conference", "inbook", "incollection", "inproceedings", "mastersthesis",
    "phdthesis", "proceedings", "report", "techreport", "thesis", "unpublished",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry; fields have small names and values without braces and commands."""

    kind: str
    fields: dict[str, str]

    @property
    def is_article(self) -> bool:
        return self.kind in _ARTICLES


def entries_in(text: str) -> Iterator[Entry]:
    """Read the entries of a text; what is not BibTeX between them is passed over."""
    at, count = 0, 0
    while count < MOST_ENTRIES and (found := _OPENING.search(text, at)):
        fields, at = _fields(text, found.end())
        yield Entry(found[1].lower(), fields)
        count += 1


def _fields(text: str, at: int) -> tuple[dict[str, str], int]:
    fields: dict[str, str] = {}
    while len(fields) < _MOST_FIELDS and (found := _NAME.match(text, at)):
        value, at = _value(text, found.end())
        if value is None:
            break
        fields.setdefault(found[1].lower(), _plain(value))
    return fields, at


def _value(text: str, at: int) -> tuple[str | None, int]:
    """Read `{…}`, `"…"` or a bare word; None where it does not end within its bounds."""
    if text[at : at + 1] in {"{", '"'}:
        end = _end(text, at)
        return (text[at + 1 : end], end + 1) if end else (None, at)
    found = _BARE.match(text, at)
    return (found[0], found.end()) if found else (None, at)


def _end(text: str, at: int) -> int:
    quoted, depth = text[at] == '"', 0
    for place in range(at, min(len(text), at + LONGEST_VALUE)):
        letter = text[place]
        depth += (letter == "{") - (letter == "}")
        if depth > _DEEPEST:
            return 0
        if depth == 0 and place > at and (letter == '"' if quoted else letter == "}"):
            return place
    return 0


def _plain(value: str) -> str:
    """Drop braces and commands, which a name without accents outlives."""
    value = _COMMAND.sub("", _SIGN.sub(r"\1", value))
    return " ".join(value.translate({ord("{"): None, ord("}"): None, ord("~"): " "}).split())
