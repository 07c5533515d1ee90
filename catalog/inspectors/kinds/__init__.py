"""What only one kind of model has: one module each, and one line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from catalog.inspectors.kinds import (
    audio,
    classifier,
    embedding,
    image,
    layout,
    llm,
    ocr,
    reranker,
    video,
    vision_language,
)
from catalog.inspectors.subject import Facts, Subject

_FACTS: Final[Mapping[str, Callable[[Subject], Facts]]] = {
    "audio": audio.facts,
    "classifier": classifier.facts,
    "embedding": embedding.facts,
    "image": image.facts,
    "layout": layout.facts,
    "llm": llm.facts,
    "ocr": ocr.facts,
    "reranker": reranker.facts,
    "video": video.facts,
    "vision-language": vision_language.facts,
}


def facts_of(kind: str, subject: Subject) -> Facts:
    """Return the fields that only this kind's configuration has; none for a kind without any."""
    found = _FACTS.get(kind)
    return found(subject) if found else {}
