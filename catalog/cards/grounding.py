"""From quotations to facts: only what stands in the card is kept, and only in the card's words.

A model chooses passages; what is stored is the whole sentence of the card around its quotation, so
that no quotation can leave out a *not*. An address is kept when the card has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from catalog.cards.addresses import https_at
from catalog.cards.analysis import (
    LISTS,
    LONGEST_DESCRIPTION,
    LONGEST_ITEM,
    MOST_ITEMS,
    MOST_PAPERS,
    Address,
    CardAnalysis,
    Description,
    Evidence,
    Item,
    Paper,
)
from catalog.cards.document import Block, Document
from catalog.cards.extract import Place
from catalog.cards.homes import repository_at, site_at
from catalog.cards.languages import languages_of
from catalog.cards.parsing import plain_of
from catalog.cards.prompt import Quotations, images_in, linked_in, visible_blocks
from catalog.cards.quotes import normal, place_of
from catalog.cards.sentences import key_of, says_nothing, sentences, shortened, words_in
from catalog.cards.statements import evidence_of

_SHORTEST_QUOTE: Final = 12
_TITLE_WORDS: Final = 3
# A sentence that is claimed for several fields is what warns.
_ORDER: Final = ("limitations", "use_cases", "strengths")


@dataclass(frozen=True, slots=True)
class _Found:
    """A quotation where it stands: its own words, and the sentence around them."""

    block: Block
    quote: str
    sentence: str


@dataclass(slots=True)
class Grounding:
    """Looks quotations up in one card; `dropped` counts what was not found or not fit."""

    document: Document
    place: Place
    dropped: int = 0
    _blocks: list[tuple[Block, str]] = field(init=False)
    _known: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._blocks = [(block, normal(block.text)) for block in visible_blocks(self.document)]

    def fill(
        self, analysis: CardAnalysis, asked: Sequence[str], answer: Quotations
    ) -> CardAnalysis:
        """Return the analysis with what the answer supports of the fields that were asked for."""
        self._known = {key_of(item.text) for name in LISTS for item in getattr(analysis, name)}
        new: dict[str, object] = {}
        for name in [*_ORDER, *(one for one in asked if one not in _ORDER)]:
            if name in asked and (found := self._values(name, getattr(answer, name))):
                new[name] = found
        return analysis.model_copy(update=new)

    def _values(self, name: str, quotes: Sequence[str]) -> object:
        if name in LISTS:
            return self._items(quotes)
        if name == "description":
            return self._description(quotes)
        if name == "languages":
            return self._languages(quotes)
        if name == "papers":
            return self._papers(quotes)
        return self._address(name, quotes)

    def _items(self, quotes: Iterable[str]) -> tuple[Item, ...]:
        items: list[Item] = []
        for quote in quotes:
            found = self._find(quote)
            key = key_of(found.sentence) if found else ""
            if found is None or key in self._known or len(items) == MOST_ITEMS:
                self.dropped += 1
                continue
            self._known.add(key)
            text = shortened(found.sentence, LONGEST_ITEM)
            items.append(Item(text=text, evidence=self._evidence(found), by="llm"))
        return tuple(items)

    def _description(self, quotes: Iterable[str]) -> Description | None:
        for quote in quotes:
            if found := self._find(quote):
                text = shortened(found.sentence, LONGEST_DESCRIPTION)
                return Description(text=text, evidence=self._evidence(found), by="llm")
            self.dropped += 1
        return None

    def _languages(self, quotes: Iterable[str]) -> tuple[Item, ...]:
        items: dict[str, Item] = {}
        for quote in quotes:
            found = self._find(quote, shortest=2)
            if found is None or not (codes := languages_of(found.quote)):
                self.dropped += 1
                continue
            evidence = self._evidence(found)
            items |= {code: Item(text=code, evidence=evidence, by="llm") for code in codes}
        return tuple(items.values())

    def _papers(self, quotes: Iterable[str]) -> tuple[Paper, ...]:
        papers: dict[str, Paper] = {}
        for quote in quotes:
            found = self._find(quote)
            if found is None or words_in(found.quote) < _TITLE_WORDS or len(papers) == MOST_PAPERS:
                self.dropped += 1
                continue
            title = shortened(found.quote, LONGEST_ITEM)
            paper = Paper(title=title, evidence=self._evidence(found), by="llm")
            papers.setdefault(key_of(title), paper)
        return tuple(papers.values())

    def _address(self, name: str, quotes: Iterable[str]) -> Address | None:
        for quote in quotes:
            if found := self._at(name, quote.strip()):
                block, url = found
                return Address(url=url, evidence=evidence_of(self.document, block), by="llm")
            self.dropped += 1
        return None

    def _at(self, name: str, url: str) -> tuple[Block, str] | None:
        """Find an address among those of the card, and read it as one for this field."""
        if name == "logo_url":
            found = next((block for block, one in images_in(self.document) if one.src == url), None)
            read = https_at(url, self.place.files_url)
        else:
            found = next((block for block, one in linked_in(self.document) if one.url == url), None)
            read = repository_at(url) if name == "github_url" else site_at(url)
        return (found, read) if found and read else None

    def _evidence(self, found: _Found) -> Evidence:
        return evidence_of(self.document, found.block, found.sentence)

    def _find(self, quote: str, *, shortest: int = _SHORTEST_QUOTE) -> _Found | None:
        """Find a quotation within one block of what readers see; None where no block has it."""
        for read in (str, plain_of):  # as it is, else without the markup of the card's source
            wanted = normal(read(quote))
            for block, told in self._blocks:
                if wanted and wanted in told and _is_telling(wanted, told, shortest):
                    return _found(block, wanted)
        return None


def _is_telling(wanted: str, told: str, shortest: int) -> bool:
    """Tell whether a quotation is more than a word that stands anywhere."""
    dense = sum(1 for c in wanted if c > "\u2e80")
    return wanted == told or len(wanted) + 2 * dense >= shortest


def _found(block: Block, wanted: str) -> _Found | None:
    place = place_of(wanted, block.text)
    if place is None:
        return None
    sentence = _around(block, place)
    return None if says_nothing(sentence) else _Found(block, block.text[slice(*place)], sentence)


def _around(block: Block, place: tuple[int, int]) -> str:
    """Return the whole sentences that a quotation touches; of an item all of it."""
    if block.kind in {"item", "row"} and len(block.text) <= LONGEST_ITEM:
        return block.text
    touched, at = [], 0
    for sentence in sentences(block.text):
        start = block.text.find(sentence, at)
        at = start + len(sentence)
        if start < place[1] and at > place[0]:
            touched.append(sentence)
    return " ".join(touched)
