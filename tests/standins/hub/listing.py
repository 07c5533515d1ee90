"""`/api/models`: the repositories that the caller may know of, filtered, sorted and in pages."""

from __future__ import annotations

from typing import Any

from tests.standins.hub import access
from tests.standins.hub.description import expanded, listed
from tests.standins.hub.exchange import Exchange
from tests.standins.hub.repositories import Repo
from tests.standins.hub.state import STATE

ENDLESS = 10**9
SORTS = {
    "last_modified": "lastModified",
    "created_at": "createdAt",
    "trending_score": "trendingScore",
}


def send_list(exchange: Exchange, plural: str) -> None:
    repos = [repo for repo in _known(exchange, plural) if _is_wanted(exchange, repo)]
    order = exchange.first("sort") or "trendingScore"
    descending = exchange.first("direction") != "1"
    repos.sort(key=lambda repo: _sort_key(repo, order), reverse=descending)
    try:
        items = [_item(exchange, repo) for repo in repos]
    except ValueError as error:
        exchange.refuse(400, None, str(error))
    size = min(int(exchange.first("limit") or ENDLESS), STATE.faults["list_page_size"])
    page, headers = exchange.page(items, size)
    exchange.send(200, page, headers)


def _known(exchange: Exchange, plural: str) -> list[Repo]:
    return [
        repo
        for (kind, _), repo in STATE.repos.items()
        if kind == plural
        and not repo.meta.get("renamed_to")
        and (not repo.meta.get("private") or access.is_owner(exchange.user, repo))
    ]


def _is_wanted(exchange: Exchange, repo: Repo) -> bool:
    said = listed(repo, repo.head, full=True)
    search, author = exchange.first("search"), exchange.first("author")
    pipeline, gated = exchange.first("pipeline_tag"), exchange.first("gated")
    return (
        (not search or search.lower() in repo.id.lower())
        and (not author or author.lower() == repo.owner.lower())
        and (not pipeline or pipeline == said.get("pipeline_tag"))
        and (not gated or (gated.lower() == "true") == bool(said.get("gated")))
        and _has_words(exchange, said)
    )


def _has_words(exchange: Exchange, said: dict[str, Any]) -> bool:
    has = {str(tag).lower() for tag in said["tags"]}
    has |= {str(said.get(name)).lower() for name in ("pipeline_tag", "library_name")}
    names = ("filter", "library", "tags", "language", "license")
    return all(word.lower() in has for name in names for word in exchange.words(name))


def _sort_key(repo: Repo, order: str) -> Any:
    if order in {"lastModified", "createdAt"}:
        return repo.head.date
    name = SORTS.get(order, order)
    return expanded(repo, repo.head, [name]).get(name) or 0


def _item(exchange: Exchange, repo: Repo) -> dict[str, Any]:
    names = exchange.words("expand")
    if names:
        return expanded(repo, repo.head, names)
    full = exchange.flag("full")
    card = exchange.flag("cardData") or full
    return listed(repo, repo.head, full=full, config=exchange.flag("config"), card=card)
