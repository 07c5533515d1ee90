"""HTML within a card: tags and texts in one pass.

The parser of the standard library needs quadratic time for some inputs; this one never backs up.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# What people never see. `title` and `textarea` hold text that is no part of the page.
HIDDEN: Final = frozenset(
    {"script", "style", "template", "noscript", "title", "textarea", "svg", "iframe", "head"}
)
BREAKS: Final = frozenset({
    "address", "article", "aside", "blockquote", "br", "center", "dd", "details", "div", "dl", "dt",
    "figcaption", "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li",
    "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "th", "thead",
    "tr", "ul",
})  # fmt: skip
VOID: Final = frozenset(
    {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
)
_HIDING: Final = ("display:none", "visibility:hidden", "font-size:0", "opacity:0;")
_TAG = re.compile(
    r"<(?P<end>/?)(?P<name>[a-zA-Z][a-zA-Z0-9-]{0,30})"
    r"(?P<rest>(?>[^<>\"']{1,4000}|\"[^\"<>]{0,2000}\"|'[^'<>]{0,2000}'){0,60})/?>"
)
_ATTRIBUTE = re.compile(
    r"([a-zA-Z_:][\w:.-]{0,60})(?:\s{0,9}=\s{0,9}(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+)))?"
)
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069\u200b-\u200f\ufeff\u00ad\ufe0f]")


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag at a place of the text; `attributes` have small names and unescaped values."""

    name: str
    is_end: bool
    attributes: dict[str, str]
    at: int


@dataclass(frozen=True, slots=True)
class Text:
    """Text between tags, unescaped."""

    text: str
    at: int


def pieces(text: str) -> Iterator[Tag | Text]:
    """Give the tags and texts of HTML in their order; comments and declarations are left out."""
    at = 0
    while at < len(text):
        if text[at] != "<":
            opening = text.find("<", at)
            end = len(text) if opening < 0 else opening
            yield Text(html.unescape(text[at:end]), at)
            at = end
        elif past := _past_comment(text, at):
            at = past
        elif found := _TAG.match(text, at):
            yield _tag(found)
            at = found.end()
        else:
            yield Text("<", at)
            at += 1


class Visibility:
    """Follows tags and knows whether a reader sees the text between them.

    An element that hides its content does so until its own end, also over what is not HTML.
    """

    def __init__(self) -> None:
        self._name = ""
        self._depth = 0

    @property
    def is_hidden(self) -> bool:
        return self._depth > 0

    def follow(self, tag: Tag) -> None:
        if self._depth:
            if tag.name == self._name:
                nested = 0 if self._name in HIDDEN else 1  # a script ends at its first end
                self._depth += -1 if tag.is_end else nested
        elif not tag.is_end and tag.name not in VOID and _hides(tag):
            self._name, self._depth = tag.name, 1


def _hides(tag: Tag) -> bool:
    style = "".join(tag.attributes.get("style", "").lower().split())
    return tag.name in HIDDEN or "hidden" in tag.attributes or any(way in style for way in _HIDING)


def plain(text: str) -> str:
    """Write text on one line: no signs that turn, hide or break it."""
    clean = "".join(c if c.isprintable() else " " for c in _TURNING.sub("", text))
    return " ".join(clean.split())


def _past_comment(text: str, at: int) -> int:
    """Give the end of the comment or declaration that begins here; 0 where none does."""
    if text.startswith("<!--", at):
        end = text.find("-->", at + 4)
        return len(text) if end < 0 else end + 3
    if text.startswith(("<!", "<?"), at):
        end = text.find(">", at)
        return len(text) if end < 0 else end + 1
    return 0


def _tag(found: re.Match[str]) -> Tag:
    attributes: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(found["rest"]):
        attributes.setdefault(name.lower(), html.unescape(double or single or bare).strip())
    return Tag(found["name"].lower(), bool(found["end"]), attributes, found.start())
