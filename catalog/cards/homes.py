"""Where a model is at home: its own code on GitHub, and its own website."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from catalog.cards.addresses import hosted, web_address
from catalog.cards.analysis import Address
from catalog.cards.document import Block, Document
from catalog.cards.headings import LABELS, field_of_label, plain_words
from catalog.cards.sentences import key_of
from catalog.cards.statements import evidence_of
from catalog.cards.words import Link

_OWNERLESS: Final = frozenset({
    "about", "apps", "blog", "collections", "contact", "customer-stories", "enterprise", "explore",
    "features", "login", "marketplace", "orgs", "pricing", "readme", "search", "security",
    "settings", "site", "sponsors", "topics", "trending",
})  # fmt: skip
_REPO = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]{0,38})/([A-Za-z0-9._-]{1,100})(?:/.*)?")
# Hosts whose pages are nobody's own website.
_SHARED: Final = (
    "arxiv.org", "badge.fury.io", "colab.research.google.com", "creativecommons.org", "discord.com",
    "discord.gg", "doi.org", "facebook.com", "github.com", "gitlab.com", "hf.co", "huggingface.co",
    "img.shields.io", "kaggle.com", "linkedin.com", "medium.com", "modelscope.cn", "openreview.net",
    "patreon.com", "pypi.org", "readthedocs.io", "reddit.com", "t.me", "twitter.com", "wandb.ai",
    "wikipedia.org", "x.com", "youtu.be", "youtube.com", "zenodo.org",
)  # fmt: skip
_SHORTEST_NAME: Final = 3
# What a link to GitHub must have to be the model's own; none of the signs is enough for others.
_LABELED, _NAMED, _OWNED, _CALLED = 5, 3, 3, 2


@dataclass(frozen=True, slots=True)
class _Found:
    link: Link
    block: Block


def github_in(document: Document, repo_id: str) -> Address | None:
    """Give the repository on GitHub that is the model's own; None where all are those of others.

    Signs of it: the card calls it the repository or code, its owner is the model's, its name is
    that of the model. A link to a library that runs the model has none of them.
    """
    best, address = 0, None
    for found in _links(document):
        url = repository_at(found.link.url)
        if url is None:
            continue
        score = _score(found, url, repo_id)
        if score > best:
            place = evidence_of(document, found.block)
            best, address = score, Address(url=url, evidence=place)
    return address


def website_in(document: Document, repo_id: str) -> Address | None:
    """Give the website that the card names as such, else that of the model's organization."""
    owner, owned = key_of(repo_id.rpartition("/")[0]), None
    for found in _links(document):
        url = site_at(found.link.url)
        if url is None:
            continue
        place = evidence_of(document, found.block)
        if _is_called(found, "website"):
            return Address(url=url, evidence=place)
        if owned is None and _belongs(hosted(url)[0], owner):
            owned = Address(url=_home_of(url), evidence=place)
    return owned


def _home_of(url: str) -> str:
    """Return the first page of a site."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/"


def _links(document: Document) -> Iterator[_Found]:
    for block in document.blocks:
        for link in block.links:
            yield _Found(link, block)


def repository_at(url: str) -> str | None:
    """Return the address of the repository that a link leads into."""
    address = web_address(url)
    if address is None:
        return None
    host, path = hosted(address)
    found = _REPO.fullmatch(path)
    if host != "github.com" or found is None or found[1].lower() in _OWNERLESS:
        return None
    return f"https://github.com/{found[1]}/{found[2].removesuffix('.git')}"


def _score(found: _Found, url: str, repo_id: str) -> int:
    owner, name = url.split("/")[-2:]
    org, model = repo_id.rpartition("/")[::2]
    score = _LABELED * (found.block.named == "github")
    score += _OWNED * _is_alike(key_of(owner), key_of(org))
    score += _NAMED * _is_part(key_of(name), key_of(model))
    if not found.block.section.is_stop:
        score += _CALLED * _is_called(found, "github")
    return score


def _is_called(found: _Found, what: str) -> bool:
    """Tell whether the link itself, or the label in front of it, names what it is."""
    words = plain_words(found.link.text)
    called = field_of_label(found.link.text) == what or words in LABELS[what].split("|")
    return called or found.block.named == what


def _is_alike(owner: str, org: str) -> bool:
    """Tell whether two names of organizations are the same, or one with something added."""
    short, long = sorted((owner, org), key=len)
    return len(short) >= _SHORTEST_NAME and long.startswith(short)


def _is_part(name: str, model: str) -> bool:
    """Tell whether a repository is named as the model, or as the family at its beginning."""
    return len(name) >= _SHORTEST_NAME and (
        model.startswith(name) or (bool(model) and name.startswith(model))
    )


def site_at(url: str) -> str | None:
    address = web_address(url)
    if address is None:
        return None
    host, path = hosted(address)
    shared = any(host == known or host.endswith(f".{known}") for known in _SHARED)
    last = path.rpartition("/")[2].lower()
    is_file = last.endswith((".png", ".jpg", ".jpeg", ".svg", ".gif", ".pdf", ".webp", ".zip"))
    return None if shared or is_file else address


def _belongs(host: str, owner: str) -> bool:
    """Tell whether a host is named after an organization: mistral.ai and mistralai, qwen.ai."""
    if len(owner) < _SHORTEST_NAME:
        return False
    return owner in {key_of(host), key_of(host.partition(".")[0])}
