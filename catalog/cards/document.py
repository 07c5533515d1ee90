"""A card as its reader sees it: headings, and blocks of plain text that know where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from catalog.cards.headings import STOP, field_of_label, fields_of_heading
from catalog.cards.words import Image, Link, Words

TITLE_LEVEL = 1
PSEUDO_LEVEL = 7  # bold lines and summaries that stand where a heading would
Kind = Literal["paragraph", "item", "header", "row", "quote", "note", "code"]
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with the fields that the text below it is about."""

    title: str = ""
    level: int = 0
    fields: frozenset[str] = frozenset()

    @property
    def is_stop(self) -> bool:
        return STOP in self.fields


@dataclass(frozen=True, slots=True)
class Block:
    """One block of the card; `[start, end)` is where it stands, a `header` the head of a table,
    a `note` a footnote.

    `label` is what stands in bold letters (or before a colon) in front, `rest` what follows it.
    `depth` counts the lists around an item, `cells` are those of a row.
    """

    kind: Kind
    text: str
    section: Section
    start: int
    end: int
    label: str = ""
    rest: str = ""
    depth: int = 0
    is_html: bool = False
    cells: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    images: tuple[Image, ...] = ()

    @property
    def named(self) -> str:
        """The field that its label names; '' where it names none."""
        return field_of_label(self.label) if self.label and self.rest else ""

    @property
    def fields(self) -> frozenset[str]:
        """What it is about: by its label, else by the heading above it."""
        return self._by_label or self.section.fields

    @property
    def said(self) -> str:
        """Its text, without the label where that says what the text is about."""
        return self.rest if self._by_label else self.text

    @property
    def _by_label(self) -> frozenset[str]:
        """Before a paragraph or in a table a label may be any heading, in a list a known one."""
        if named := self.named:
            return frozenset({named})
        is_heading = self.label and self.rest and self.kind in {"paragraph", "row"}
        return fields_of_heading(self.label) if is_heading else frozenset()


@dataclass(frozen=True, slots=True)
class Document:
    """The text of a card as it was given, its blocks in order, and where its head stands."""

    text: str
    blocks: tuple[Block, ...]
    head: Place = (0, 0)
    is_cut: bool = False


@dataclass(slots=True)
class Outline:
    """Puts blocks under their headings as they come."""

    blocks: list[Block] = field(default_factory=list)
    _path: list[Section] = field(default_factory=lambda: [Section()])

    def heading(self, text: str, level: int) -> None:
        """Begin a section; what its heading does not say it has from the one around it."""
        self._close(level)
        fields = fields_of_heading(text, is_title=level == TITLE_LEVEL)
        self._path.append(Section(text[:200], level, fields or self._path[-1].fields))

    def _close(self, level: int) -> None:
        while self._path[-1].level >= level:
            self._path.pop()

    def block(
        self, kind: Kind, words: Words, place: Place, *, depth: int = 0, is_html: bool = False
    ) -> None:
        """Add what was collected; a short paragraph that is bold throughout is a heading."""
        if words.is_empty:
            return
        label, rest = words.labeled(any_word=kind == "item")
        if kind == "paragraph" and label and not words.images:
            if not rest and (fields_of_heading(label) or not words.is_soft):
                self.heading(label, PSEUDO_LEVEL)
                return
            if rest and words.text[len(label) :].lstrip()[:1] in {":", "："}:
                self._close(PSEUDO_LEVEL)  # a heading of its own, with its text on the same line
        self.blocks.append(
            Block(
                kind,
                words.text,
                self._path[-1],
                *place,
                label=label,
                rest=rest,
                depth=depth,
                is_html=is_html,
                links=tuple(words.links),
                images=tuple(words.images),
            )
        )

    def row(self, cells: list[Words], place: Place, *, is_header: bool = False) -> None:
        """Add a row of a table; one of two cells is a name and its value."""
        texts = tuple(cell.text for cell in cells)
        is_pair = len(texts) == 2  # noqa: PLR2004 a name and its value
        self.blocks.append(
            Block(
                "header" if is_header else "row",
                ": ".join(text.rstrip(":") for text in texts if text),
                self._path[-1],
                *place,
                label=texts[0].rstrip(":") if is_pair else "",
                rest=texts[1] if is_pair else "",
                cells=texts,
                links=tuple(link for cell in cells for link in cell.links),
                images=tuple(image for cell in cells for image in cell.images),
            )
        )

    def code(self, place: Place) -> None:
        self.blocks.append(Block("code", "", self._path[-1], *place))


class Places:
    """From lines of a body to characters of the whole card, whose head the body lacks."""

    def __init__(self, text: str, body: str) -> None:
        self._text = text
        self._starts = list(_line_starts(text))
        self._shift = len(self._starts) - 1 - body.count("\n")

    def lines(self, first: int, end: int) -> Place:
        """Give the characters of the lines [first, end), without the space around them."""
        start, stop = self._start(first), self._start(end)
        whole = self._text[start:stop]
        return start + len(whole) - len(whole.lstrip()), start + len(whole.rstrip())

    @property
    def head(self) -> Place:
        """The characters of the head that the body lacks; none where it lacks nothing."""
        return self.lines(-self._shift, 1) if self._shift else (0, 0)

    def _start(self, line: int) -> int:
        at = line + self._shift
        return self._starts[at] if at < len(self._starts) else len(self._text)


def _line_starts(text: str) -> Iterator[int]:
    yield 0
    for found in re.finditer(r"\r\n|\r|\n", text):
        yield found.end()
