"""Prose to sentences, and what in a card looks like prose and says nothing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

LONGEST_PROSE: Final = 20_000
_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s)|[。！？；]+[”’」』）]*")
# What ends in a dot and ends no sentence.
_SHORT = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|cf|al|fig|figs|eq|sec|ch|no|nos|dr|mr|mrs|ms|prof|st|approx|resp|incl"
    r"|esp|ver|vol|pp|ca|z\.b|d\.h|bzw|usw|p\.ex|[a-z])|^\s*\d{1,3})\.$",
    re.IGNORECASE,
)
# What templates hold in place of an answer.
_TEMPLATE = re.compile(
    r"\[?\(?\s*(?:more information needed|needs more information|information needed|to be added"
    r"|to be (?:updated|determined|completed)|coming soon|work in progress|wip|tbd|tba|todo|tbc"
    r"|fill in|placeholder|lorem ipsum|add (?:more )?(?:info|information|details)(?: here)?"
    r"|your .{1,40} here|待补充|待更新)\b.{0,30}",
    re.IGNORECASE,
)
_UNFILLED = re.compile(r"\{\{.{0,300}\}\}|\{%.{0,300}%\}|^\{[a-z_]{1,60}\}$")
# Sentences that only send the reader elsewhere.
_POINTER = re.compile(
    r"(?:please |kindly )?(?:see|refer to|check(?: out)?|visit|consult|(?:have|take) a look at)\b"
    r"|(?:for|find) (?:more|further|additional|full) (?:details?|information|examples?|usage)\b"
    r"|[^.!?]{0,80}\b(?:are|is) (?:described|listed|shown|given|outlined) (?:below|above|here)\b"
    r"|(?:siehe|voir|véase|详见|请参考|更多)",
    re.IGNORECASE,
)
# The Hub's own template says these where nobody wrote anything.
_TEMPLATE_TEXTS: Final = (
    "should be made aware of the risks, biases and limitations of the",
    "more information needed for further recommendations",
    "this modelcard aims to be a base template for new models",
    "this is the model card of a 🤗 transformers model that has been pushed on the hub",
    "provide a quick summary of what the model is",
    "use the code below to get started with the model",
    "you should probably proofread and complete it",
)
_NOTHING = frozenset(
    {"none", "n/a", "na", "not applicable", "no", "nil", "none known", "no known limitations",
     "no known issues", "not available", "none yet", "keine", "aucune", "ninguna", "无", "暂无"}
)  # fmt: skip


def sentences(text: str) -> Iterator[str]:
    """Split prose where a sentence ends: not after abbreviations, in numbers or in names."""
    begun = 0
    text = text[:LONGEST_PROSE]
    for found in _END.finditer(text):
        before = text[max(begun, found.end() - 12) : found.end()]
        after = text[found.end() : found.end() + 3].lstrip()
        if found[0] == "." and (_SHORT.search(before) or (after and after[0].islower())):
            continue
        if sentence := text[begun : found.end()].strip():
            yield sentence
        begun = found.end()
    if rest := text[begun:].strip():
        yield rest


def says_nothing(text: str) -> bool:
    """Tell whether a text is a place for an answer, a template's own words, or a mere pointer."""
    small = text.casefold()
    return bool(
        _TEMPLATE.fullmatch(text.strip("*_ ."))
        or _UNFILLED.search(text)
        or _POINTER.match(text)
        or "[more information needed]" in small
        or any(known in small for known in _TEMPLATE_TEXTS)
    )


def states_absence(text: str) -> bool:
    """Tell whether a text says in so many words that there is nothing, as `None` or `N/A`."""
    return text.casefold().strip(" .!*_-–—()") in _NOTHING


def words_in(text: str) -> int:
    """Count words; each sign of a writing without spaces is one."""
    dense = sum(1 for c in text if "\u2e80" <= c <= "\ud7a3")
    return dense + sum(1 for word in text.split() if any(c.isalnum() for c in word))


def undecorated(text: str) -> str:
    """Drop the emoji and bullets that an item begins with; signs that mean something stay."""
    kept = next((at for at, c in enumerate(text) if not _is_ornament(c)), len(text))
    return text[kept:]


def _is_ornament(c: str) -> bool:
    return c.isspace() or c in "•▪◦‣·*–—→➜" or unicodedata.category(c) in {"So", "Sk", "Mn", "Cn"}


def shortened(text: str, limit: int) -> str:
    """Cut at a word, with a sign that it was cut."""
    if len(text) <= limit:
        return text
    head = text[:limit]
    at = head.rfind(" ")
    return (head[:at] if at > limit // 2 else head).rstrip(" ,;:、，") + " …"


def key_of(text: str) -> str:
    """Write a text so that the same words are the same text."""
    return "".join(c for c in text.casefold() if c.isalnum())
