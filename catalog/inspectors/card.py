"""The model card: README.md with a head of fields and a text for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from catalog.cards import CardAnalysis, Place, analyse_card
from catalog.inspectors.base import Problems, Reader, as_text, as_texts, read_bytes
from catalog.inspectors.front_matter import split
from catalog.sources.base import ModelRef
from core.plain_values import plain_text

PATH: Final = "README.md"
LARGEST_CARD: Final = 4 << 20


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
    relation: str = ""
    analysis: CardAnalysis = field(default_factory=CardAnalysis)


def place_of(ref: ModelRef, commit: str, tags: Sequence[str] = ()) -> Place:
    """Say whose card it is and where its own files are, for who sees the model at its source."""
    at_source = f"https://huggingface.co/{ref.repo_id}/resolve/{commit}/"
    files_url = at_source if ref.source == "huggingface" else ""
    return Place(repo_id=ref.repo_id, files_url=files_url, tags=tuple(tags))


def read_card(reader: Reader, problems: Problems, place: Place | None = None) -> Card:
    """Read README.md; an empty card when there is none or when it cannot be read."""
    content = read_bytes(reader, PATH, LARGEST_CARD, problems)
    if content is None:
        return Card()
    text = content.decode("utf-8", "replace")
    if "\ufffd" in text:
        problems.add(f"{PATH} is not UTF-8 throughout")
    return parse_card(plain_text(text), problems, place)


def parse_card(text: str, problems: Problems, place: Place | None = None) -> Card:
    """Read the text of a card."""
    front = split(text)
    for problem in front.problems:
        problems.add(f"{PATH}: {problem}")
    analysis = analyse_card(text, front.body, front.data, place)
    return replace(card_of(front.data, problems), analysis=analysis)


def card_of(data: Mapping[str, object], problems: Problems) -> Card:
    """Pick the fields the yard uses; one of a wrong kind is named and left out."""
    for name in ("license", "language", "tags", "base_model"):
        if not _is_texts(data.get(name)):
            problems.add(f"{PATH}: the field {name} is neither a text nor a list of texts")
    return Card(
        data=data,
        licenses=as_texts(data.get("license")),
        license_name=_one(data, "license_name", problems),
        license_link=_one(data, "license_link", problems, 500),
        tags=as_texts(data.get("tags")),
        languages=as_texts(data.get("language")),
        base_models=as_texts(data.get("base_model")),
        pipeline_tag=_one(data, "pipeline_tag", problems),
        library_name=_one(data, "library_name", problems),
        relation=_one(data, "base_model_relation", problems),
    )


def _one(data: Mapping[str, object], name: str, problems: Problems, limit: int = 200) -> str:
    """Return a text, also where it stands alone in a list."""
    value = data.get(name)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if value is not None and not isinstance(value, str):
        problems.add(f"{PATH}: the field {name} is no text")
    return as_text(value, limit)


def _is_texts(value: object) -> bool:
    items = value if isinstance(value, list) else [value]
    return value is None or all(isinstance(item, str) for item in items)
