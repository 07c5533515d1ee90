"""Look for models of CivitAI by words."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from catalog.sources.base import ModelRef
from catalog.sources.civit.values import flag, mapping, mappings, text, whole
from catalog.sources.searching import LONGEST, MOST, FoundModel, FoundPage, check_search


def address(query: str, *, limit: int, cursor: str) -> str:
    """Return the path of a search below the API; the words are sent as they are."""
    check_search(query, limit=limit, cursor=cursor)
    asked = {"query": query.strip(), "limit": limit} | ({"cursor": cursor} if cursor else {})
    return f"models?{urlencode(asked)}"


def read_page(answer: Mapping[str, object]) -> FoundPage:
    """Read the models of an answer; an entry without an id is left out."""
    rows = mappings(answer.get("items"), MOST)
    found = tuple(_found(row, model_id) for row in rows if (model_id := whole(row.get("id"))))
    return FoundPage(found, text(mapping(answer.get("metadata")).get("nextCursor"), LONGEST))


def _found(row: Mapping[str, object], model_id: int) -> FoundModel:
    newest = next(iter(mappings(row.get("modelVersions"), 1)), {})
    return FoundModel(
        uri=f"civitai:{model_id}",
        ref=ModelRef("civitai", str(model_id)),
        title=text(row.get("name")),
        author=text(mapping(row.get("creator")).get("username")),
        type=text(row.get("type")),
        base_model=text(newest.get("baseModel")),
        nsfw=flag(row.get("nsfw")),
        downloads=whole(mapping(row.get("stats")).get("downloadCount")),
    )
