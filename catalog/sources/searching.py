"""Sources that can be asked for models by words."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Final

from catalog.sources.base import ModelRef, Source
from core.errors import InvalidInputError

MOST: Final = 100
LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class FoundModel:
    """One model of a page of results; what the source does not say is '' or None.

    `uri` is what names it to everybody, as people paste it.
    """

    uri: str
    ref: ModelRef
    title: str
    author: str
    type: str
    base_model: str = ""
    downloads: int | None = None
    gated: str = ""
    private: bool = False
    nsfw: bool | None = None


@dataclass(frozen=True, slots=True)
class FoundPage:
    """Models, and what to ask the next page with ('' at the end, or where there are no pages)."""

    models: tuple[FoundModel, ...]
    next: str = ""


class SearchedSource(Source):
    """A source that finds models by words."""

    @abstractmethod
    def search(self, query: str, *, limit: int = 20, cursor: str = "") -> FoundPage:
        """Return models whose names have these words; `cursor` is `next` of the page before.

        Nothing in an answer is trusted: an entry without a usable name is left out.
        """


def check_search(query: str, *, limit: int, cursor: str = "") -> None:
    """Refuse what no search of a source is."""
    words = query.strip()
    if not words or len(query) > LONGEST or len(cursor) > LONGEST or not words.isprintable():
        raise InvalidInputError(f"Search for 1 to {LONGEST} characters.", field="q")
    if not 1 <= limit <= MOST:
        raise InvalidInputError(f"limit is a number from 1 to {MOST}.", field="limit")
