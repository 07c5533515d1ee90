"""Markdown, and HTML within it, to a document: CommonMark with tables, as the Hub shows cards."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Final

from catalog.cards.document import Document, Kind, Outline, Place, Places
from catalog.cards.html_blocks import HtmlBlock
from catalog.cards.inline import take_tag
from catalog.cards.markup import Tag, Visibility, pieces
from catalog.cards.words import Words

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

LONGEST: Final = 60_000  # characters of a body that are read; hostile ones take some seconds
_FOOTNOTE: Final = re.compile(r"\[\^[^\]\s]{1,40}\]:")
# What a list or quotation around a text does to its depth.
_STEPS: Final = {
    "bullet_list_open": ("lists", 1),
    "ordered_list_open": ("lists", 1),
    "bullet_list_close": ("lists", -1),
    "ordered_list_close": ("lists", -1),
    "blockquote_open": ("quotes", 1),
    "blockquote_close": ("quotes", -1),
}


def read_document(text: str, body: str) -> Document:
    """Read the body of a card; `text` is the whole card, in which places are told.

    Whatever the text holds, this ends: what is no Markdown is text.
    """
    places = Places(text, body)
    reading = _Reading(places)
    for token in _markdown().parse(body[:LONGEST]):
        reading.take(token)
    return Document(text, tuple(reading.outline.blocks), places.head, len(body) > LONGEST)


def plain_of(markdown: str) -> str:
    """Return what a reader sees of a line of Markdown."""
    words, seen = Words(), Visibility()
    for token in _markdown().parseInline(markdown):
        _collect(token.children or (), words, seen)
    return words.text


@cache
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt  # noqa: PLC0415 a tenth of a second

    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


@dataclass(slots=True)
class _Reading:
    places: Places
    outline: Outline = field(default_factory=Outline)
    seen: Visibility = field(default_factory=Visibility)
    depths: dict[str, int] = field(default_factory=lambda: {"lists": 0, "quotes": 0})
    level: int = 0
    cells: list[Words] | None = None
    is_header: bool = False
    place: Place = (0, 0)

    def take(self, token: Token) -> None:
        """Take one token of the flat stream; what HTML around it hides is left out."""
        if token.map:
            self.place = self.places.lines(*token.map)
        if step := _STEPS.get(token.type):
            self.depths[step[0]] += step[1]
            return
        match token.type:
            case "heading_open":
                self.level = int(token.tag[1])
            case "inline":
                self._inline(token)
            case "html_block":
                self._html(token)
            case "fence" | "code_block" if not self.seen.is_hidden:
                self.outline.code(self.place)
            case _:
                self._table(token)

    def _table(self, token: Token) -> None:
        if token.type in {"thead_open", "tbody_open"}:
            self.is_header = token.type == "thead_open"
        elif token.type == "tr_open":
            self.cells = []
        elif token.type == "tr_close":
            self._row()

    def _inline(self, token: Token) -> None:
        words = Words()
        _collect(token.children or (), words, self.seen)
        level, self.level = self.level, 0
        if self.cells is not None:
            self.cells.append(words)
        elif level and words.text:
            self.outline.heading(words.text, level)
        else:
            kind: Kind = "note" if _FOOTNOTE.match(token.content) else self.kind
            self.outline.block(kind, words, self.place, depth=self.depths["lists"])

    def _row(self) -> None:
        if self.cells and any(cell.text for cell in self.cells):
            self.outline.row(self.cells, self.place, is_header=self.is_header)
        self.cells = None

    def _html(self, token: Token) -> None:
        first, end = token.map or (0, 0)

        def place(start: int, stop: int) -> Place:
            return self.places.lines(first + start, min(first + stop, end))

        HtmlBlock(self.outline, self.seen, place).read(token.content)

    @property
    def kind(self) -> Kind:
        return "item" if self.depths["lists"] else "quote" if self.depths["quotes"] else "paragraph"


def _collect(tokens: Sequence[Token], words: Words, seen: Visibility) -> None:
    """Collect the words of a line of Markdown."""
    for token in tokens:
        if token.type == "html_inline":
            for piece in pieces(token.content):
                if isinstance(piece, Tag):
                    take_tag(piece, words, seen)
        elif not seen.is_hidden:
            _take_inline(token, words)


def _take_inline(token: Token, words: Words) -> None:
    match token.type:
        case "softbreak" | "hardbreak":
            words.add(" ")
        case "strong_open" | "strong_close" | "em_open" | "em_close":
            words.bold(begins=token.nesting > 0, is_soft=token.tag == "em")
        case "link_open":
            words.open_link(str(token.attrGet("href") or ""))
        case "link_close":
            words.close_link()
        case "image":
            words.image(str(token.attrGet("src") or ""), token.content)
        case _:
            words.add(token.content)
