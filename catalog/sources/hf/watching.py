"""Ask the Hub whether a model moved on: small answers, conditional, in bounds.

The library has no conditional requests, so these go through our own guarded client.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

import httpx2
import orjson

from catalog.sources.base import Glance, Lineage
from catalog.sources.hf.listing import COMMIT
from catalog.sources.hf.references import is_repo_id
from catalog.sources.hf.refusals import MISSING, Asked, refusal
from core.errors import UpstreamError
from core.http import Fetched, fetch, origin_of

LARGEST: Final = 1 << 20
PAGE: Final = 100
_NOT_MODIFIED: Final = 304
_BAD: Final = 400
_LONGEST_ETAG: Final = 200
# Only what is compared: counts of downloads would make every answer a new one.
_FIELDS: Final = ("sha", "gated", "private", "disabled", "cardData")


def glance(
    client: httpx2.Client, asked: Asked, headers: Mapping[str, str], *, etag: str
) -> Glance | None:
    """Give the state of `main`; None when the Hub says that it is what `etag` stood for."""
    query = urlencode([("expand[]", name) for name in _FIELDS])
    url = f"{asked.endpoint}/api/models/{asked.repo_id}?{query}"
    conditional = {"If-None-Match": etag} if etag else {}
    answer = fetch(client, url, limit=LARGEST, headers={**headers, **conditional})
    if answer.status == _NOT_MODIFIED and etag:
        return None
    info = _object(answer, asked)
    if info.get("disabled") is True:
        raise refusal(403, {"x-error-message": "Access to this resource is disabled."}, asked)
    repo_id, commit = _named(info, asked)
    card = info.get("cardData")
    return Glance(
        repo_id=repo_id,
        commit=commit,
        gated=_text(info.get("gated")),
        private=info.get("private") is True,
        license=license_of(card if isinstance(card, dict) else {}),
        etag=answer.headers.get("etag", "")[:_LONGEST_ETAG],
    )


def name_commit(client: httpx2.Client, asked: Asked, headers: Mapping[str, str]) -> tuple[str, str]:
    """Give the name that the Hub uses and the commit of a revision; none is the default branch."""
    url = f"{asked.endpoint}/api/models/{asked.repo_id}"
    if asked.revision:
        url = f"{url}/revision/{quote(asked.revision, safe='')}"
    answer = fetch(client, f"{url}?expand[]=sha", limit=LARGEST, headers=headers)
    return _named(_object(answer, asked), asked)


def _named(info: Mapping[str, Any], asked: Asked) -> tuple[str, str]:
    repo_id, commit = info.get("id"), info.get("sha")
    if not is_repo_id(repo_id) or not isinstance(commit, str) or not COMMIT.fullmatch(commit):
        raise UpstreamError(f"The source names no commit for {asked.repo_id}")
    return str(repo_id), commit


def license_of(card: Mapping[str, Any]) -> str:
    """Write what a card says of its license as one text, the same for the same fields."""
    named = card.get("license")
    words = named if isinstance(named, list) else [named]
    parts = [*words, card.get("license_name"), card.get("license_link")]
    return ", ".join(part[:200] for part in parts if isinstance(part, str) and part)[:400]


def knows(client: httpx2.Client, asked: Asked, headers: Mapping[str, str]) -> bool:
    """Tell whether the commit can still be asked for; other refusals are raised.

    One that is refused although the model is not was withdrawn there, as yards do.
    """
    url = f"{asked.endpoint}/api/models/{asked.repo_id}/revision/{asked.revision}?expand[]=sha"
    answer = fetch(client, url, limit=LARGEST, headers=headers)
    code = answer.headers.get("x-error-code", "")
    if (answer.status in MISSING and code == "RevisionNotFound") or code == "GatedRepo":
        return False
    _object(answer, asked)
    return True


def is_branch(client: httpx2.Client, asked: Asked, headers: Mapping[str, str]) -> bool:
    """Tell whether the revision is a branch or a pull request; a tag of the same name is none."""
    revision = str(asked.revision or "")
    if revision.startswith(("refs/heads/", "refs/pr/")):
        return True
    answer = fetch(
        client, f"{asked.endpoint}/api/models/{asked.repo_id}/refs", limit=LARGEST, headers=headers
    )
    told = _object(answer, asked)
    return revision in _names(told, "branches") and revision not in _names(told, "tags")


def _names(told: Mapping[str, Any], kind: str) -> set[str]:
    rows = told.get(kind)
    found = [row.get("name") for row in rows if isinstance(row, dict)] if rows else []
    return {name for name in found if isinstance(name, str)}


def lineage(
    client: httpx2.Client, asked: Asked, headers: Mapping[str, str], *, until: str, most: int
) -> Lineage:
    """Walk back page by page; one that leads to another host is not followed."""
    url = f"{asked.endpoint}/api/models/{asked.repo_id}/commits/{asked.revision}?limit={PAGE}"
    found: set[str] = set()
    while len(found) < most:
        answer = fetch(client, url, limit=LARGEST, headers=headers)
        before = len(found)
        found |= _ids(answer, asked)
        following = _next(answer)
        if until in found or not following:
            return Lineage(frozenset(found), is_whole=not following)
        if origin_of(following) != origin_of(asked.endpoint) or len(found) == before:
            raise UpstreamError(f"The history of {asked.repo_id} cannot be walked")
        url = following
    return Lineage(frozenset(found), is_whole=False)


def listed(answer: Fetched, asked: Asked) -> None:
    """Raise what a refusal means; anything but a list is no answer of a Hub."""
    if not isinstance(_parsed(answer, asked), list):
        raise UpstreamError(f"{asked.endpoint} does not answer as a Hub does.")


def _next(answer: Fetched) -> str:
    with_links = httpx2.Response(200, headers={"link": answer.headers.get("link", "")})
    following = with_links.links.get("next", {}).get("url", "")
    return str(httpx2.URL(answer.url).join(following)) if following else ""


def _ids(answer: Fetched, asked: Asked) -> set[str]:
    rows = _parsed(answer, asked)
    if not isinstance(rows, list):
        raise UpstreamError(f"The source gives no history of {asked.repo_id}")
    named = (row.get("id") for row in rows if isinstance(row, dict))
    return {commit for commit in named if isinstance(commit, str) and COMMIT.fullmatch(commit)}


def _object(answer: Fetched, asked: Asked) -> Mapping[str, Any]:
    data = _parsed(answer, asked)
    if not isinstance(data, dict):
        raise UpstreamError(f"The source answers something unreadable for {asked.repo_id}")
    return data


def _parsed(answer: Fetched, asked: Asked) -> object:
    if answer.status >= _BAD:
        raise refusal(answer.status, answer.headers, asked)
    try:
        return orjson.loads(answer.content)
    except orjson.JSONDecodeError as error:
        text = f"{asked.endpoint} answers something unreadable for {asked.repo_id}"
        raise UpstreamError(text, repo_id=asked.repo_id) from error


def _text(value: object) -> str:
    return value[:40] if isinstance(value, str) else ""
