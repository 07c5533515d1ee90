"""Look for models of CivitAI by words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from catalog.sources.base import ModelRef
from catalog.sources.civit.values import flag, mapping, mappings, text, whole
from core.errors import InvalidInputError

MOST: Final = 100
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class FoundModel:
    """One model of a page of results; what the source does not say is '' or None."""

    ref: ModelRef
    title: str
    author: str
    type: str
    base_model: str
    nsfw: bool | None
    downloads: int | None


@dataclass(frozen=True, slots=True)
class FoundPage:
    """Models, and what to ask the next page with ('' at the end)."""

    models: tuple[FoundModel, ...]
    next: str


def address(query: str, *, limit: int, cursor: str) -> str:
    """Return the path of a search below the API; the words are sent as they are."""
    if not query.strip() or len(query) > _LONGEST or len(cursor) > _LONGEST:
        raise InvalidInputError(f"Search for 1 to {_LONGEST} characters.", field="query")
    if not 1 <= limit <= MOST:
        raise InvalidInputError(f"limit is a number from 1 to {MOST}.", field="limit")
    asked = {"query": query.strip(), "limit": limit} | ({"cursor": cursor} if cursor else {})
    return f"models?{urlencode(asked)}"


def read_page(answer: Mapping[str, object]) -> FoundPage:
    """Read the models of an answer; an entry without an id is left out."""
    rows = mappings(answer.get("items"), MOST)
    found = tuple(_found(row, model_id) for row in rows if (model_id := whole(row.get("id"))))
    return FoundPage(found, text(mapping(answer.get("metadata")).get("nextCursor"), _LONGEST))


def _found(row: Mapping[str, object], model_id: int) -> FoundModel:
    newest = next(iter(mappings(row.get("modelVersions"), 1)), {})
    return FoundModel(
        ref=ModelRef("civitai", str(model_id)),
        title=text(row.get("name")),
        author=text(mapping(row.get("creator")).get("username")),
        type=text(row.get("type")),
        base_model=text(newest.get("baseModel")),
        nsfw=flag(row.get("nsfw")),
        downloads=whole(mapping(row.get("stats")).get("downloadCount")),
    )
