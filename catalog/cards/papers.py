"""The papers that a card names: by links, by tags, and by BibTeX."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from catalog.cards.addresses import hosted, web_address
from catalog.cards.analysis import LONGEST_ITEM, MOST_PAPERS, Evidence, Paper
from catalog.cards.bibtex import Entry, entries_in
from catalog.cards.document import Block, Document
from catalog.cards.sentences import key_of, shortened
from catalog.cards.statements import evidence_of

# Cited by the Hub's template for every card, on how to estimate carbon emissions.
TEMPLATE_PAPER: Final = "1910.09700"
_NEW_ID = r"\d{2}(?:0[1-9]|1[0-2])\.\d{4,5}"
_OLD_ID = r"[a-z-]{2,20}(?:\.[A-Z]{2})?/\d{7}"
_ARXIV = re.compile(
    rf"^(?:arxiv[.:])?({_NEW_ID}|{_OLD_ID})(?:v\d{{1,3}})?(?:\.pdf)?$", re.IGNORECASE
)
_ARXIV_WITHIN = re.compile(rf"arxiv[:.\s]{{1,3}}({_NEW_ID}|{_OLD_ID})", re.IGNORECASE)
_DOI = re.compile(r"^10\.\d{4,9}/[^\s\"<>]{1,180}$")
_ARXIV_PATHS: Final = ("abs/", "pdf/", "html/")
_PAPER_HOSTS: Final = ("aclanthology.org", "openreview.net", "proceedings.mlr.press")
# In order: what a card asks to cite, calls its paper, links; what its head or source tells.
_CITED, _NAMED, _LINKED, _TOLD = range(4)


@dataclass(slots=True)
class _Shelf:
    """Papers by what they are known by; the same one found twice is one."""

    papers: list[tuple[int, Paper]] = field(default_factory=list)
    _places: dict[str, int] = field(default_factory=dict)

    def put(self, rank: int, paper: Paper) -> None:
        named = (paper.arxiv, paper.doi.lower(), key_of(paper.title))
        names = [name for name in named if name] or [paper.url]
        at = next((self._places[name] for name in names if name in self._places), None)
        if at is None:
            at = len(self.papers)
            self.papers.append((rank, paper))
        else:
            self.papers[at] = _merged(self.papers[at], (rank, paper))
        self._places |= dict.fromkeys(names, at)


def _merged(known: tuple[int, Paper], more: tuple[int, Paper]) -> tuple[int, Paper]:
    old, new = known[1], more[1]
    fill = {name: getattr(new, name) for name in ("arxiv", "doi", "title", "url")}
    fill = {name: value for name, value in fill.items() if value and not getattr(old, name)}
    return min(known[0], more[0]), old.model_copy(update=fill)


def papers_in(document: Document, names: Iterable[str] = ()) -> tuple[Paper, ...]:
    """Give the papers of a card, those it asks to cite first; `names` are tags and front matter."""
    shelf = _Shelf()
    for block in document.blocks:
        for entry in _entries(document, block):
            if paper := _of_entry(entry, evidence_of(document, block)):
                shelf.put(_CITED, paper)
        for link in block.links:
            rank = _NAMED if block.named == "papers" else _LINKED
            paper = paper_at(link.url, is_named=rank == _NAMED)
            if paper and paper.arxiv != TEMPLATE_PAPER:
                shelf.put(rank, paper.model_copy(update={"evidence": evidence_of(document, block)}))
    for name in names:
        paper = paper_named(name)
        if paper and paper.arxiv != TEMPLATE_PAPER:
            shelf.put(_TOLD, paper)
    ranked = sorted(shelf.papers, key=lambda one: one[0])
    return tuple(paper for _, paper in ranked[:MOST_PAPERS])


def _entries(document: Document, block: Block) -> Iterator[Entry]:
    source = document.text[block.start : block.end]
    if "@" in source and (block.kind == "code" or block.section.fields & {"papers"}):
        yield from entries_in(source)


def paper_named(name: str) -> Paper | None:
    """Read `arxiv:2307.09288`, `doi:10.…` or an address, as tags and front matter have them."""
    kind, _, rest = name.strip().partition(":")
    if kind.lower() in {"arxiv", "doi"}:
        name = rest.strip()
    if found := _ARXIV.match(name):
        return _arxiv(found[1])
    if _DOI.match(name):
        return _doi(name)
    return paper_at(name, is_named=True)


def paper_at(url: str, *, is_named: bool = False) -> Paper | None:
    """Read the paper that an address leads to; one that the card calls a paper may be anywhere."""
    address = web_address(url)
    if address is None:
        return None
    host, path = hosted(address)
    if read := _READERS.get(host):
        return read(path)
    return Paper(url=address) if is_named or host in _PAPER_HOSTS else None


def _arxiv_at(path: str) -> Paper | None:
    for beginning in _ARXIV_PATHS:
        if path.startswith(beginning):
            found = _ARXIV.match(path.removeprefix(beginning))
            return _arxiv(found[1]) if found else None
    return None


def _arxiv(name: str) -> Paper:
    return Paper(arxiv=name, url=f"https://arxiv.org/abs/{name}")


def _doi(text: str) -> Paper | None:
    """Read a DOI; arXiv gives its papers one as well."""
    doi = unquote(text).rstrip(".,;)")
    if not _DOI.match(doi):
        return None
    found = _ARXIV.match(doi.lower().removeprefix("10.48550/arxiv."))
    return _arxiv(found[1]) if found else Paper(doi=doi, url=f"https://doi.org/{doi}")


def _hub_paper_at(path: str) -> Paper | None:
    found = _ARXIV.match(path.removeprefix("papers/")) if path.startswith("papers/") else None
    return _arxiv(found[1]) if found else None


_READERS: Final = {
    "arxiv.org": _arxiv_at,
    "export.arxiv.org": _arxiv_at,
    "alphaxiv.org": _arxiv_at,
    "huggingface.co": _hub_paper_at,
    "hf.co": _hub_paper_at,
    "doi.org": _doi,
    "dx.doi.org": _doi,
}


def _of_entry(entry: Entry, evidence: Evidence) -> Paper | None:
    """Make a paper of a BibTeX entry; software and pages without a name of their own are none."""
    paper = _named_by(entry)
    if paper is None and not entry.is_article:
        return None
    title = shortened(entry.fields.get("title", ""), LONGEST_ITEM)
    if paper is None and not title:
        return None
    return (paper or Paper()).model_copy(update={"title": title, "evidence": evidence})


def _named_by(entry: Entry) -> Paper | None:
    fields = entry.fields
    archive = fields.get("archiveprefix", fields.get("eprinttype", "arxiv")).lower()
    if archive == "arxiv" and (found := _ARXIV.match(fields.get("eprint", ""))):
        return _arxiv(found[1])
    told = " ".join(fields.get(name, "") for name in ("journal", "note", "howpublished", "volume"))
    if found := _ARXIV_WITHIN.search(told):
        return _arxiv(found[1])
    doi = fields.get("doi", "")
    by_doi = _doi(doi) or paper_at(doi) if doi else None
    return by_doi or paper_at(fields.get("url", ""))
