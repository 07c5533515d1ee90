"""The image that stands for a model or for who made it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from catalog.cards.addresses import https_at
from catalog.cards.analysis import Address
from catalog.cards.document import Block, Document
from catalog.cards.sentences import key_of
from catalog.cards.statements import evidence_of
from catalog.cards.words import Image

_BADGE = re.compile(
    r"shields\.io|badge|badgen\.net|fury\.io|star-history|api\.visitorbadge|hits\.|komarev"
    r"|/actions/workflows/|codecov|contrib\.rocks|open-in-colab|colab\.research",
    re.IGNORECASE,
)
# As words of a file name, of the text in its place or of its class.
_LOGO = re.compile(r"(?<![a-z])(?:logo|logotype|brand|wordmark)(?![a-z])|标志|徽标", re.IGNORECASE)
_HEAD = re.compile(
    r"(?<![a-z])(?:banner|header|icon|avatar|thumbnail|cover)(?![a-z])", re.IGNORECASE
)
_FIGURE = re.compile(
    r"(?<![a-z])(?:chart|benchmark|bench|results?|performance|architecture|diagram|plot|figure|fig"
    r"|curve|comparison|radar|table|screenshot|demo|example|overview|pipeline)(?![a-z])",
    re.IGNORECASE,
)
_SHORTEST_NAME: Final = 3


def logo_in(
    document: Document, data: Mapping[str, object], *, repo_id: str, files_url: str
) -> Address | None:
    """Give the first image that looks like a logo, as an absolute https address; none is fetched.

    It is called so; else it is the banner, or bears the name of the model, before the first part
    of the card; else it is the thumbnail that the front matter names.
    """
    for looks in (_is_logo, _is_banner):
        for block, image in _images(document):
            url = https_at(image.src, files_url)
            if url and looks(block, image, repo_id):
                return Address(url=url, evidence=evidence_of(document, block))
    thumbnail = data.get("thumbnail")
    url = https_at(thumbnail, files_url) if isinstance(thumbnail, str) else None
    return Address(url=url) if url else None


def _images(document: Document) -> Iterator[tuple[Block, Image]]:
    for block in document.blocks:
        for image in block.images:
            if not _BADGE.search(f"{image.src} {image.alt}"):
                yield block, image


def _is_logo(block: Block, image: Image, repo_id: str) -> bool:
    return bool(_LOGO.search(_words(image)))


def _is_banner(block: Block, image: Image, repo_id: str) -> bool:
    """Tell whether an image at the head is a banner, or bears the name of model or owner."""
    words = _words(image)
    if block.section.level > 1 or _FIGURE.search(words):
        return False
    names = [key for part in repo_id.split("/") if (key := key_of(part))]
    alt = key_of(image.alt)
    named = len(alt) >= _SHORTEST_NAME and any(
        short.startswith(alt) or alt.startswith(short)
        for short in names
        if len(short) >= _SHORTEST_NAME
    )
    return named or bool(_HEAD.search(words))


def _words(image: Image) -> str:
    """What an image is called: its file's name, the text in its place, its class."""
    name = image.src.partition("?")[0].rpartition("/")[2]
    return f"{name} {image.alt} {image.words}".replace("_", " ")
