"""Tags that stand within a line, of Markdown or of HTML."""

from __future__ import annotations

from typing import Final

from catalog.cards.markup import BREAKS, Tag, Visibility
from catalog.cards.words import Words

_BOLD: Final = frozenset({"b", "strong"})
_SLANTED: Final = frozenset({"em", "i", "u"})
_TELLING: Final = ("class", "id", "title")


def take_tag(tag: Tag, words: Words, seen: Visibility) -> None:
    """Add what a tag means for the words around it; nothing while they are hidden."""
    seen.follow(tag)
    if seen.is_hidden:
        return
    if tag.name == "a" and not tag.is_end:
        words.open_link(tag.attributes.get("href", ""))
    elif tag.name == "a":
        words.close_link()
    elif tag.name == "img":
        told = " ".join(tag.attributes.get(name, "") for name in _TELLING)
        words.image(tag.attributes.get("src", ""), tag.attributes.get("alt", ""), told)
    elif tag.name in _BOLD | _SLANTED:
        words.bold(begins=not tag.is_end, is_soft=tag.name in _SLANTED)
    elif tag.name in BREAKS:
        words.add(" ")
