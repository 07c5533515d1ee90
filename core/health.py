"""What the yard needs to work and how each part is, asked with short timeouts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import httpx2
import redis
import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from core import heartbeats
from core.errors import ModelyardError
from core.storage.configured import content_store

log = structlog.get_logger(__name__)
State = Literal["ok", "warn", "bad", "idle"]
STATUS = {"ok": "healthy", "warn": "degraded", "bad": "unavailable", "idle": "not_configured"}
SECONDS = 5.0  # how long an answer for pages may be old
_TIMEOUT = 2.0


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the yard: its state, one sentence on it, and facts for programs."""

    name: str
    state: State
    text: str = ""
    facts: dict[str, object] = field(default_factory=dict)

    @property
    def status(self) -> str:
        return STATUS[self.state]


Check = Callable[[], list[Part]]


def database() -> Part:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return Part("database", "bad", "PostgreSQL does not answer.")
    return Part("database", "ok", "answers")


def migrations() -> Part:
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return Part("migrations", "bad", "Not known: PostgreSQL does not answer.")
    if missing:
        names = [f"{migration.app_label}.{migration.name}" for migration, _ in missing]
        return Part("migrations", "bad", f"{len(names)} not applied.", {"missing": names})
    return Part("migrations", "ok", "applied")


def broker() -> Part:
    try:
        heartbeats.broker().ping()
    except redis.RedisError:
        return Part("broker", "bad", "The broker does not answer. Requests are kept and run later.")
    return Part("broker", "ok", "answers")


def storage() -> Part:
    try:
        content_store().check()
    except ModelyardError as error:
        return Part("storage", "bad", error.title, {"code": error.code})
    return Part("storage", "ok", "S3" if settings.S3_ENDPOINT else "file system")


def aria2() -> Part:
    if not settings.ARIA2_RPC_URL:
        return Part("aria2", "idle", "not configured; the yard's own client fetches")
    token = f"token:{settings.ARIA2_RPC_SECRET}"
    call = {"jsonrpc": "2.0", "id": "health", "method": "aria2.getVersion", "params": [token]}
    try:
        answer = httpx2.post(settings.ARIA2_RPC_URL, json=call, timeout=_TIMEOUT).json()
        version = str(answer["result"]["version"])
    except (httpx2.HTTPError, ValueError, KeyError, TypeError) as error:
        log.info("aria2_not_healthy", error=type(error).__name__)
        return Part("aria2", "bad", "aria2 does not answer or refuses the secret.")
    return Part("aria2", "ok", version, {"version": version})


def workers() -> list[Part]:
    """One part per queue: who consumes it, and how many messages wait in it."""
    try:
        living = heartbeats.noted("worker")
        lengths = heartbeats.queue_lengths(settings.QUEUES)
    except redis.RedisError:
        return [Part("workers", "bad", "Not known: the broker does not answer.")]
    parts = []
    for queue in settings.QUEUES:
        names = [
            name
            for name, facts in living.items()
            if queue in facts["queues"] and facts["age"] < heartbeats.FRESH
        ]
        facts: dict[str, object] = {"workers": sorted(names), "waiting": lengths[queue]}
        text = f"{len(names)} worker{'' if len(names) == 1 else 's'}, {lengths[queue]} waiting"
        parts.append(Part(f"queue {queue}", "ok" if names else "bad", text, facts))
    return parts


def beat() -> Part:
    """The last sweep shows that beat, the broker and a worker all move."""
    try:
        age = heartbeats.noted("beat").get("sweep", {}).get("age")
    except redis.RedisError:
        return Part("beat", "bad", "Not known: the broker does not answer.")
    if age is None:
        return Part("beat", "warn", "No sweep yet.")
    late = age > 4 * settings.SWEEP_INTERVAL + 5
    facts: dict[str, object] = {"last_sweep_seconds": round(age, 1)}
    return Part("beat", "bad" if late else "ok", f"last sweep {age:.0f} s ago", facts)


def upstream() -> Part:
    """Only whether an upstream is named: health must not depend on, or call, a foreign server."""
    if not settings.HF_ENDPOINT:
        return Part("upstream", "idle", "not configured")
    return Part("upstream", "ok", settings.HF_ENDPOINT, {"endpoint": settings.HF_ENDPOINT})


NEEDED = ("database", "migrations", "broker", "storage")


def needed() -> list[Part]:
    """What must work before this process takes requests."""
    return [database(), migrations(), broker(), storage()]


def overall(parts: list[Part]) -> str:
    """Sum up: without a needed part the yard is unavailable, without another one degraded."""
    if any(part.state == "bad" for part in parts if part.name in NEEDED):
        return STATUS["bad"]
    return STATUS["warn"] if any(part.state in ("bad", "warn") for part in parts) else STATUS["ok"]


_more: dict[str, Check] = {}


def register(name: str, check: Check) -> None:
    """Let an app add parts of its own, such as the scanner engines."""
    _more[name] = check


def added(name: str) -> list[Part]:
    """Ask what an app registered; a check that breaks is a part that is not healthy."""
    if name not in _more:
        return []
    try:
        return _more[name]()
    except Exception:
        log.exception("health_check_broke", check=name)
        return [Part(name, "bad", "This check itself failed; see the log.")]


def services() -> list[Part]:
    """Every part that the yard itself consists of, asked now."""
    return [*needed(), aria2(), *workers(), beat(), upstream()]


def all_added() -> dict[str, list[Part]]:
    return {name: added(name) for name in _more}


_recent: tuple[float, list[Part]] | None = None


def parts() -> list[Part]:
    """Every part for a page, at most SECONDS old."""
    global _recent  # noqa: PLW0603 one value per process; two threads that race both ask
    if _recent is None or time.monotonic() - _recent[0] > SECONDS:
        found = services()
        for more in all_added().values():
            found += more
        _recent = (time.monotonic(), found)
    return list(_recent[1])
