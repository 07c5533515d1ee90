"""HTML that stands in a card by itself, cut into blocks where a browser would break the line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from catalog.cards.document import PSEUDO_LEVEL, Kind, Outline, Place
from catalog.cards.inline import take_tag
from catalog.cards.markup import BREAKS, Tag, Visibility, pieces
from catalog.cards.words import Words

_HEADINGS: Final = {f"h{level}": level for level in range(1, 7)} | {"summary": PSEUDO_LEVEL}


@dataclass(slots=True)
class HtmlBlock:
    """Reads one block; `place` tells the characters of lines of it."""

    outline: Outline
    seen: Visibility
    place: Callable[[int, int], Place]
    _words: Words = field(default_factory=Words)
    _cells: list[Words] | None = None
    _is_item: bool = False
    _is_code: bool = False
    _level: int = 0
    _begun: int = 0
    _line: int = 0

    def read(self, content: str) -> None:
        """Add the blocks of this HTML to the outline."""
        counted = 0
        for piece in pieces(content):
            self._line += content.count("\n", counted, piece.at)
            counted = piece.at
            if isinstance(piece, Tag):
                self._take(piece)
            elif not self.seen.is_hidden and not self._is_code:
                self._words.add(piece.text)
        self._end()

    def _take(self, tag: Tag) -> None:
        breaks = tag.name in BREAKS and tag.name != "br"
        if breaks:
            self._end()
        take_tag(tag, self._words, self.seen)
        if breaks and not self.seen.is_hidden:
            self._change(tag)

    def _end(self) -> None:
        """Add what was collected as what it is."""
        words, self._words = self._words, Words()
        place = self.place(self._begun, self._line + 1)
        self._begun = self._line
        if words.is_empty:
            return
        if self._level and words.text:
            self.outline.heading(words.text, self._level)
        elif self._cells is not None:
            self._cells.append(words)
        else:
            kind: Kind = "item" if self._is_item else "paragraph"
            self.outline.block(kind, words, place, depth=int(self._is_item), is_html=True)

    def _change(self, tag: Tag) -> None:
        """Note what the text behind this tag is."""
        match tag.name:
            case name if name in _HEADINGS:
                self._level = 0 if tag.is_end else _HEADINGS[name]
            case "li" | "ul" | "ol":
                self._is_item = tag.name == "li" and not tag.is_end
            case "pre":
                self._is_code = not tag.is_end
                if tag.is_end:
                    self.outline.code(self.place(0, self._line + 1))
            case "tr":
                if tag.is_end and self._cells:
                    self.outline.row(self._cells, self.place(self._begun, self._line + 1))
                self._cells = None if tag.is_end else []
