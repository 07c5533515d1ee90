"""The text of one block as it is collected: with its links, its images and its label."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from catalog.cards.headings import field_of_label
from catalog.cards.markup import plain

_LONGEST_LABEL: Final = 6  # words
_URL = re.compile(r"https?://[^\s<>\[\]\"'`{}|\\^\u3000-\u303f\uff00-\uffef]{3,600}")
_FOOTNOTE = re.compile(r"\[\^[^\]\s]{1,40}\]:?")
_ENDS = ":：-–—|. "


@dataclass(frozen=True, slots=True)
class Link:
    """An address that can be followed from the card; `text` is what it is called there."""

    url: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    """An image, `words` what its markup says besides, `href` where it leads when it is a link."""

    src: str
    alt: str = ""
    words: str = ""
    href: str = ""


@dataclass(slots=True)
class Words:
    """Collects text from left to right; emphasis of any kind is bold."""

    links: list[Link] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    _parts: list[str] = field(default_factory=list)
    is_soft: bool = False  # some of it is only slanted
    _bold: int = 0
    _in_front: int | None = None  # parts that stand in bold letters in front, once that is known
    _open: list[tuple[str, int, int]] = field(default_factory=list)

    def add(self, text: str) -> None:
        if text.strip() and not self._bold and self._in_front is None:
            self._in_front = 0
        if not self._open and "://" in text:
            self.links += (Link(_address_in(url)) for url in _URL.findall(text))
        self._parts.append(_FOOTNOTE.sub("", text) if "[^" in text else text)

    def bold(self, *, begins: bool, is_soft: bool = False) -> None:
        self.is_soft |= is_soft
        self._bold = max(0, self._bold + (1 if begins else -1))
        if not self._bold and self._in_front is None and any(map(str.strip, self._parts)):
            self._in_front = len(self._parts)

    def open_link(self, url: str) -> None:
        self._open.append((url, len(self._parts), len(self.images)))

    def close_link(self) -> None:
        if not self._open:
            return
        url, parts, images = self._open.pop()
        text = plain("".join(self._parts[parts:]))
        self.links.append(Link(url, text or " ".join(one.alt for one in self.images[images:])))

    def image(self, src: str, alt: str, words: str = "") -> None:
        href = self._open[-1][0] if self._open else ""
        self.images.append(Image(src, plain(alt), plain(words), href))

    @property
    def text(self) -> str:
        return plain("".join(self._parts))

    @property
    def is_empty(self) -> bool:
        return not (self.links or self.images or any(map(str.strip, self._parts)))

    def labeled(self, *, any_word: bool) -> tuple[str, str]:
        """Split off the bold words in front; with `any_word` also known ones before a colon."""
        whole_bold = self._in_front is None and self._bold > 0
        count = len(self._parts) if whole_bold else self._in_front or 0
        label = plain("".join(self._parts[:count])).rstrip(_ENDS)
        if label and len(label.split()) <= _LONGEST_LABEL:
            return label, plain("".join(self._parts[count:])).lstrip(_ENDS)
        before, colon, after = self.text.replace("：", ":").partition(":")
        is_short = bool(colon) and len(before.split()) <= _LONGEST_LABEL
        if any_word and is_short and field_of_label(before):
            return before, after.strip()
        return "", ""


def _address_in(url: str) -> str:
    """Drop what ends the sentence and not the address."""
    url = url.rstrip(".,;:!?*_~")
    while url.endswith(")") and url.count("(") < url.count(")"):
        url = url[:-1].rstrip(".,;:!?")
    return url
