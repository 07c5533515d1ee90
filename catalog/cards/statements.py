"""What a card states in its sections: what a model is, what it is for, good at and bad at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from catalog.cards.analysis import (
    LISTS,
    LONGEST_DESCRIPTION,
    LONGEST_ITEM,
    MOST_ITEMS,
    Description,
    Evidence,
    Item,
)
from catalog.cards.document import Block, Document
from catalog.cards.quotes import place_of
from catalog.cards.sentences import (
    key_of,
    says_nothing,
    sentences,
    shortened,
    states_absence,
    undecorated,
    words_in,
)

# In a section of uses and limitations at once, these make a sentence a limitation.
_CUES = re.compile(
    r"\b(?:not|never|cannot|can't|won't|doesn't|isn't|aren't|shouldn't|don't|limit\w*|bias\w*|unable"
    r"|fail\w*|hallucinat\w*|inaccura\w*|risk\w*|caution|avoid|only"
    r"|(?:may|might|can|could) (?:produce|generate|contain|include|reflect|reinforce|exhibit|behave"
    r"|mis\w+|be (?:wrong|biased|inaccurate|incorrect|slow))"
    r"|struggl\w*|degrad\w*|out[- ]of[- ]scope|harm\w*|offensive|toxic)\b",
    re.IGNORECASE,
)
_ABOUT: Final = frozenset({"description"})
_NOTES: Final = frozenset(
    {"note", "warning", "important", "update", "news", "disclaimer", "tip", "caution"}
)
# Words of headings and labels, and the fields that they are about.
_STATED: Final = {
    **{name: name for name in (*LISTS, "languages", "papers")},
    "github": "github_url",
    "website": "website_url",
}
_SHORTEST_PARAGRAPH: Final = 20
_LONGEST_ROW: Final = 3  # cells; beyond that a table holds figures
_SENTENCE_WORDS: Final = 3
_SENTENCE_ENDS: Final = frozenset('.!?…)"”。！？')
_WHOLE_SENTENCE: Final = 12  # words
_SEARCHED: Final = 20_000  # characters of one block in which a sentence is looked for


@dataclass(slots=True)
class _Statements:
    """What was found, by the names of the fields; each text once in its field, in bounds."""

    found: dict[str, list[Item]] = field(default_factory=lambda: {name: [] for name in LISTS})
    _known: set[tuple[str, str]] = field(default_factory=set)

    def add(self, name: str, text: str, evidence: Evidence) -> None:
        self._known.add((name, key_of(text)))
        self.found[name].append(Item(text=shortened(text, LONGEST_ITEM), evidence=evidence))

    def wants(self, name: str, text: str) -> bool:
        return len(self.found[name]) < MOST_ITEMS and (name, key_of(text)) not in self._known


def statements_in(document: Document) -> dict[str, list[Item]]:
    """Collect the items and sentences of the sections that are about uses, strengths and limits."""
    statements = _Statements()
    blocks = list(_joined(document.blocks))
    for block, following in zip(blocks, [*blocks[1:], None], strict=False):
        names = block.fields & set(LISTS)
        if not names or block.kind in {"code", "header", "note"}:
            continue
        leads = following is not None and following.kind in {"item", "header", "row"}
        for text in _texts(block, leads=leads):
            name = _name_for(text, names)
            if statements.wants(name, text):
                statements.add(name, text, evidence_of(document, block, text))
    return statements.found


def absences_in(document: Document) -> dict[str, Evidence]:
    """Name the fields of which the card says in so many words that there is nothing."""
    absent: dict[str, Evidence] = {}
    for block in document.blocks:
        if states_absence(block.said):
            for name in block.fields & set(_STATED):
                absent.setdefault(_STATED[name], evidence_of(document, block))
    return absent


def _name_for(text: str, names: frozenset[str]) -> str:
    """Choose for one sentence where a heading names uses or strengths and limitations at once."""
    others = names - {"limitations"}
    if "limitations" in names and (not others or _CUES.search(text)):
        return "limitations"
    return min(others)


def _joined(blocks: tuple[Block, ...]) -> Iterator[Block]:
    """Put the inner items of a list behind the item that they explain."""
    item: Block | None = None
    inner: list[Block] = []
    for block in blocks:
        if item and block.kind == "item" and block.depth > item.depth and not block.named:
            inner.append(block)
            continue
        if item:
            yield _whole(item, inner)
        item, inner = (block, []) if block.kind == "item" else (None, [])
        if item is None:
            yield block
    if item:
        yield _whole(item, inner)


def _whole(item: Block, inner: list[Block]) -> Block:
    if not inner:
        return item
    between = " " if item.text.endswith((":", "：", ".", "。")) else ": "
    more = between + "; ".join(block.text for block in inner[:MOST_ITEMS])
    rest = item.rest + more if item.rest else ""
    return replace(item, text=item.text + more, rest=rest, end=inner[-1].end)


def _texts(block: Block, *, leads: bool) -> Iterator[str]:
    """Cut a block into what is said one by one."""
    whole = block.said
    if block.kind == "row":
        speaks = len(block.cells) <= _LONGEST_ROW and words_in(whole) >= _SENTENCE_WORDS
        parts, least = [whole] if speaks else [], 1
    elif block.kind == "item" and len(whole) <= LONGEST_ITEM and not _is_link(block):
        parts, least = [whole], 1
    else:
        parts, least = list(sentences(whole)), _SENTENCE_WORDS
    for part in parts:
        text = _telling(
            undecorated(part).strip(), leads=leads and block.kind in {"paragraph", "quote"}
        )
        if words_in(text) >= least and not says_nothing(text) and not states_absence(text):
            yield text


def _telling(text: str, *, leads: bool) -> str:
    """Drop what only leads to a list below; before code, a whole sentence says something."""
    if leads and text[-1:] not in _SENTENCE_ENDS:
        return ""
    if not text.endswith((":", "：")):
        return text
    return "" if words_in(text) < _WHOLE_SENTENCE else text[:-1]


def _is_link(block: Block) -> bool:
    """Tell whether an item is nothing but links, as in a list of what to read next."""
    return bool(block.links) and key_of(block.text) == key_of(
        "".join(link.text or link.url for link in block.links)
    )


def evidence_of(document: Document, block: Block, text: str = "") -> Evidence:
    """Name the place of a block, or of a text within it where it stands there letter by letter."""
    start, end = block.start, block.end
    found = place_of(text, document.text[start : min(end, start + _SEARCHED)]) if text else None
    if found is not None:
        start, end = start + found[0], start + found[1]
    return Evidence(section=block.section.title, start=start, end=end)


def description_in(document: Document) -> Description | None:
    """Give the first paragraph of prose that tells what the model is.

    Looked for where nothing else is promised, then at the head of its strengths; HTML comes last.
    """
    for allowed in (_ABOUT, _ABOUT | {"strengths"}):
        blocks = [block for block in document.blocks if _may_describe(block, allowed)]
        for block in sorted(blocks, key=lambda block: block.is_html):
            text = _without_introduction(undecorated(block.said))
            if len(text) >= _SHORTEST_PARAGRAPH and any(c.isalpha() for c in text):
                short = shortened(text, LONGEST_DESCRIPTION)
                return Description(text=short, evidence=evidence_of(document, block))
    return None


def _without_introduction(text: str) -> str:
    """Drop a last sentence that leads to a list, table or code below."""
    if not text.endswith((":", "：")):
        return text
    return " ".join(list(sentences(text))[:-1])


def _may_describe(block: Block, allowed: frozenset[str]) -> bool:
    text = block.text
    is_named = block.named == "description" and block.kind in {"row", "item"}
    if not (block.kind == "paragraph" or is_named) or not block.fields <= allowed:
        return False
    if block.label and block.rest and not block.named and _is_aside(block):
        return False
    linked = sum(len(link.text or link.url) for link in block.links)
    return linked * 5 < len(text) * 3 and not says_nothing(text)


def _is_aside(block: Block) -> bool:
    """Tell whether a label makes a paragraph a note or a single fact, as `Model type: decoder`."""
    return key_of(block.label) in _NOTES or words_in(block.rest) <= 2 * _SENTENCE_WORDS
