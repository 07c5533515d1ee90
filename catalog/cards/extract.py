"""Read a whole card: each field from where cards say it, and what is nowhere said stays missing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from catalog.cards.analysis import LISTS, RULES, CardAnalysis, Evidence, Item
from catalog.cards.document import Document
from catalog.cards.homes import github_in, website_in
from catalog.cards.languages import languages_of
from catalog.cards.logos import logo_in
from catalog.cards.markup import plain
from catalog.cards.papers import papers_in
from catalog.cards.parsing import read_document
from catalog.cards.statements import (
    absences_in,
    description_in,
    evidence_of,
    statements_in,
)

FRONT_MATTER: Final = "front matter"
_MOST_LANGUAGES: Final = 200
_LONGEST_NAME: Final = 200
_PAPER_FIELDS: Final = ("arxiv", "doi", "paper", "papers")


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of a card's model from elsewhere.

    `files_url` is the https address below which its files are, for images of the repository;
    `tags` are those that its source gives it.
    """

    repo_id: str = ""
    files_url: str = ""
    tags: tuple[str, ...] = field(default=())


def digest_of(text: str) -> str:
    """Name a text of a card."""
    return hashlib.sha256(text.encode()).hexdigest()


def analyse_card(
    text: str, body: str, data: Mapping[str, object], place: Place | None = None
) -> CardAnalysis:
    """Read a card by rules alone; `body` is its text below the head, `data` what the head says."""
    place = place or Place()
    document = read_document(text, body)
    statements = statements_in(document)
    card = CardAnalysis(
        rules=RULES,
        card=digest_of(text) if text else "",
        is_cut=document.is_cut,
        description=description_in(document),
        **{name: tuple(statements[name]) for name in LISTS},
        languages=_languages(document, data),
        papers=papers_in(document, _names_of_papers(data, place.tags)),
        github_url=github_in(document, place.repo_id),
        website_url=website_in(document, place.repo_id),
        logo_url=logo_in(document, data, repo_id=place.repo_id, files_url=place.files_url),
    )
    absent = {n: place for n, place in absences_in(document).items() if n in card.missing}
    return card.model_copy(update={"absent": absent})


def _languages(document: Document, data: Mapping[str, object]) -> tuple[Item, ...]:
    """The front matter's languages; else those that a part or label on languages names."""
    start, end = document.head
    head = Evidence(section=FRONT_MATTER, start=start, end=end) if end else None
    if told := list(_texts(data.get("language")))[:_MOST_LANGUAGES]:
        return tuple(Item(text=code, evidence=head) for code in dict.fromkeys(told))
    found: dict[str, Item] = {}
    for block in document.blocks:
        if block.fields == {"languages"}:
            for code in languages_of(block.said):
                found.setdefault(code, Item(text=code, evidence=evidence_of(document, block)))
    return tuple(found.values())


def _names_of_papers(data: Mapping[str, object], tags: Iterable[str]) -> Iterator[str]:
    for name in _PAPER_FIELDS:
        for text in _texts(data.get(name)):
            yield f"{name}:{text}" if name in {"arxiv", "doi"} else text
    for tag in (*_texts(data.get("tags")), *tags):
        if tag.lower().startswith(("arxiv:", "doi:")):
            yield tag


def _texts(value: object) -> Iterator[str]:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str) and len(item) <= _LONGEST_NAME and (text := plain(item)):
            yield text
