"""Faults that strike before an answer: those that a test injects, and the rate limit."""

from __future__ import annotations

import re
import time
from typing import Any

from tests.standins.hub.exchange import Answered, Exchange
from tests.standins.hub.state import STATE, Counters

ENDLESS = 10**9


def strike(exchange: Exchange) -> None:
    """Do what the first rule says that matches the request and is due."""
    request = f"{exchange.command} {exchange.url.path}"
    for place, rule in enumerate(STATE.faults["inject"]):
        if re.search(rule["match"], request) and _is_due(place, rule):
            _follow(exchange, rule)
            return


def _is_due(place: int, rule: dict[str, Any]) -> bool:
    with STATE.lock:
        STATE.counters.injected[place] += 1
        count = STATE.counters.injected[place]
    skip = rule.get("skip", 0)
    return skip < count <= skip + rule.get("times", ENDLESS)


def _follow(exchange: Exchange, rule: dict[str, Any]) -> None:
    if rule.get("hold"):
        while rule in STATE.faults["inject"]:
            time.sleep(0.05)
        return
    if rule.get("drop"):
        exchange.reset()
        raise Answered
    headers = dict(rule.get("headers", {}))
    exchange.send(rule["status"], rule.get("body", ""), headers, "text/plain")
    raise Answered


def limit(exchange: Exchange) -> None:
    """Count the request in a fixed window; the headers are those of IETF draft 9, as the Hub's."""
    exchange.limits, rule = None, STATE.faults["rate_limit"]
    path = exchange.url.path
    if not rule or (rule.get("only") and not re.search(rule["only"], path)):
        return
    over, left, wait = _counted(rule)
    style = rule.get("style", "ratelimit")
    if style == "ratelimit":
        kind, window = _kind(path), rule.get("window", 300)
        exchange.limits = {
            "RateLimit": f'"{kind}";r={left};t={wait}',
            "RateLimit-Policy": f'"fixed window";"{kind}";q={rule["after"]};w={window}',
        }
    if over:
        later = {"Retry-After": str(wait)} if style == "retry-after" else {}
        _refuse(exchange, rule, later)


def _counted(rule: dict[str, Any]) -> tuple[bool, int, float]:
    """Return whether this request is one too many, how many are left, and seconds to wait."""
    with STATE.lock:
        counters, now = STATE.counters, time.time()
        reset = rule.get("reset", rule.get("window", 300))
        if counters.closed_until and now > counters.closed_until:
            counters.requests, counters.closed_until = 0, 0.0
        counters.requests += 1
        over = counters.requests > rule["after"]
        if over and not counters.closed_until and rule.get("recover", True):
            counters.closed_until = now + reset
        left = max(rule["after"] - counters.requests, 0)
        return over, left, _wait(counters, now) if counters.closed_until else reset


def _wait(counters: Counters, now: float) -> int:
    return max(int(counters.closed_until - now + 0.999), 0)


def _kind(path: str) -> str:
    if "/resolve/" in path or "resolve-cache" in path:
        return "resolvers"
    return "api" if path.startswith("/api/") else "pages"


def _refuse(exchange: Exchange, rule: dict[str, Any], later: dict[str, str]) -> None:
    who = f"We had to rate limit your IP ({exchange.client_address[0]})."
    how = "create a HF account or login to your existing account"
    token = "make sure you pass a HF_TOKEN if you're using the API."
    message = f"{who} To continue using our service, {how}, and {token}"
    headers = {**later, "X-Error-Message": "We had to rate limit your IP."}
    exchange.send(rule.get("status", 429), {"error": message}, headers)
    raise Answered
