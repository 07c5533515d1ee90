"""The model card: README.md with a head of fields and a text for people."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from catalog.inspectors.base import Problems, Reader, as_text, as_texts, read_bytes
from catalog.inspectors.front_matter import split

PATH: Final = "README.md"
LARGEST_CARD: Final = 4 << 20
LONGEST_DESCRIPTION: Final = 600
_SHORTEST_PARAGRAPH = 20
_FENCE = re.compile(r"^(```|~~~).*?^\1[^\n]*$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_HIDDEN = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_IMAGE = re.compile(r"!\[[^\]\n]{0,500}\](?:\([^)\n]{0,2000}\)|\[[^\]\n]{0,200}\])")
_LINK = re.compile(r"\[([^\[\]\n]{0,500})\](?:\([^)\n]{0,2000}\)|\[[^\]\n]{0,200}\])")
_TAG = re.compile(r"<[^<>]{0,2000}>")
_MARKS = re.compile(r"(\*{1,3}|_{2,3}|`+|~~)")
# Headings, tables, quotes, rules and lists are no description.
_NO_PROSE = re.compile(r"#|\||>|[-*_=]{3,}\s*$|[-*+]\s|\d+[.)]\s|\[[^\]]*\]:")
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069\u200b-\u200f\ufeff]")


@dataclass(frozen=True, slots=True)
class Card:
    """What the card says, in plain values; empty where it says nothing."""

    data: Mapping[str, object] = field(default_factory=dict)
    licenses: tuple[str, ...] = ()
    license_name: str = ""
    license_link: str = ""
    tags: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    base_models: tuple[str, ...] = ()
    pipeline_tag: str = ""
    library_name: str = ""
    description: str = ""


def read_card(reader: Reader, problems: Problems) -> Card:
    """Read README.md; an empty card when there is none or when it cannot be read."""
    content = read_bytes(reader, PATH, LARGEST_CARD, problems)
    if content is None:
        return Card()
    text = content.decode("utf-8", "replace")
    if "\ufffd" in text:
        problems.add(f"{PATH} is not UTF-8 throughout")
    return parse_card(text, problems)


def parse_card(text: str, problems: Problems) -> Card:
    """Read the text of a card."""
    front = split(text)
    for problem in front.problems:
        problems.add(f"{PATH}: {problem}")
    return replace(card_of(front.data, problems), description=describe(front.body))


def card_of(data: Mapping[str, object], problems: Problems) -> Card:
    """Pick the fields the yard uses; one of a wrong kind is named and left out."""
    for name in ("license", "language", "tags", "base_model"):
        if not _is_texts(data.get(name)):
            problems.add(f"{PATH}: the field {name} is neither a text nor a list of texts")
    return Card(
        data=data,
        licenses=as_texts(data.get("license")),
        license_name=as_text(data.get("license_name")),
        license_link=as_text(data.get("license_link"), 500),
        tags=as_texts(data.get("tags")),
        languages=as_texts(data.get("language")),
        base_models=as_texts(data.get("base_model")),
        pipeline_tag=as_text(data.get("pipeline_tag")),
        library_name=as_text(data.get("library_name")),
    )


def describe(body: str) -> str:
    """Return the first paragraph of prose as plain text, at most 600 characters."""
    body = _FENCE.sub("\n", _HIDDEN.sub(" ", _COMMENT.sub(" ", body[: 200 << 10])))
    for block in re.split(r"\n[ \t]*\n|^#.*$", body, flags=re.MULTILINE):
        lines = [line.strip() for line in block.strip().splitlines()]
        if not lines or _NO_PROSE.match(lines[0]):
            continue
        text = _plain_text(" ".join(lines))
        if len(text) >= _SHORTEST_PARAGRAPH and any(c.isalpha() for c in text):
            return _shortened(text)
    return ""


def _plain_text(text: str) -> str:
    text = _LINK.sub(r"\1", _IMAGE.sub(" ", text))
    text = _LINK.sub(r"\1", text)
    text = html.unescape(_MARKS.sub("", _TAG.sub(" ", text)))
    text = "".join(c if c.isprintable() else " " for c in _TURNING.sub("", text))
    return " ".join(text.split())


def _shortened(text: str) -> str:
    if len(text) <= LONGEST_DESCRIPTION:
        return text
    return text[:LONGEST_DESCRIPTION].rsplit(" ", 1)[0].rstrip(" ,;:") + " …"


def _is_texts(value: object) -> bool:
    items = value if isinstance(value, list) else [value]
    return value is None or all(isinstance(item, str) for item in items)
