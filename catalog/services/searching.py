"""Look for models at the sources by words: what a caller may import, with its URI; no row."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from catalog import upstreams
from catalog.sources.searching import FoundModel, FoundPage
from core.errors import ModelyardError, NotPermittedError
from registry.callers import Caller
from registry.enums import Scope

EACH: Final = 10
_WORDS: Final = re.compile(r"[^\W_][\w .+-]{1,199}")


@dataclass(frozen=True, slots=True)
class Matches:
    """What one source has for the words; `problem` says why it could not be asked."""

    source: str
    title: str
    models: tuple[FoundModel, ...] = ()
    problem: str = ""


def are_words(text: str) -> bool:
    """Tell whether a text is words to look for: it names no model, and is no broken address."""
    return bool(_WORDS.fullmatch(text)) and upstreams.reading(text) is None


def search(
    *, caller: Caller, slug: str, query: str, limit: int = 20, cursor: str = "", token: str = ""
) -> FoundPage:
    """Ask one source. Private models are told only to who lends a token for them."""
    if not caller.may(Scope.REQUEST):
        raise NotPermittedError("This needs the scope request.")
    with upstreams.searched_source(slug, token=token) as source:
        found = source.search(query, limit=limit, cursor=cursor)
    if token:
        return found
    return replace(found, models=tuple(one for one in found.models if not one.private))


def matches(*, caller: Caller, text: str) -> list[Matches]:
    """Ask every source that can be searched; one that is down leaves the others."""
    return [
        _matches(caller, slug, upstreams.source_title(slug), text)
        for slug in upstreams.searched_slugs()
    ]


def _matches(caller: Caller, slug: str, title: str, text: str) -> Matches:
    try:
        found = search(caller=caller, slug=slug, query=text, limit=EACH)
    except NotPermittedError:
        raise
    except ModelyardError as error:
        return Matches(slug, title, problem=error.message)
    return Matches(slug, title, found.models)
