"""`/__standin__/`: faults, log and repositories for a test that runs in another process."""

from __future__ import annotations

import json

from tests.standins.hub.exchange import Exchange
from tests.standins.hub.faults import DEFAULTS
from tests.standins.hub.repositories import load
from tests.standins.hub.state import STATE, configure, reset


def answer(exchange: Exchange) -> None:
    asked = exchange.url.path.rpartition("/")[2]
    answers = {"reset": _reset, "reload": _reload, "log": _log, "repos": _repos}
    if exchange.command == "POST":
        answers["config"] = _configure
    answers.get(asked, _nothing)(exchange)


def _configure(exchange: Exchange) -> None:
    faults = json.loads(exchange.body)
    unknown = sorted(set(faults) - set(DEFAULTS))
    if unknown:
        exchange.send(400, {"unknown": unknown})
        return
    configure(**faults)
    exchange.send(200, STATE.faults)


def _reset(exchange: Exchange) -> None:
    reset()
    exchange.send(200, {"ok": True})


def _reload(exchange: Exchange) -> None:
    load(STATE.root)
    exchange.send(200, {"repos": len(STATE.repos)})


def _log(exchange: Exchange) -> None:
    with STATE.lock:
        noted = list(STATE.log)
        if "clear" in exchange.query:
            STATE.log.clear()
    exchange.send(200, noted)


def _repos(exchange: Exchange) -> None:
    repos = [
        {
            "id": repo.id,
            "type": repo.type,
            "commits": [commit.sha for commit in repo.commits],
            "files": sorted(repo.commits[-1].files),
        }
        for repo in STATE.repos.values()
    ]
    exchange.send(200, repos)


def _nothing(exchange: Exchange) -> None:
    exchange.send(404)
