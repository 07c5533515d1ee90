"""Keep one step of a run from ending, by nothing but what a yard meets: a slow upstream, a lock.

A step that waits for its upstream waits for an answer that the stand-in holds back; one that works
on rows waits for another session of PostgreSQL, as it would for a long migration or a dump.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

import psycopg

from config.yard.services import wait_until
from tests.e2e import models
from tests.e2e.yard import Yard
from tests.services.yard import PATIENCE

RESCAN_STEPS = ("queue", "scan")
STEPS = ("resolve", "inspect", "license", "outlook", "fetch", "verify", "scan", "decide")
# Bytes after which a transfer is met on its way; each connection stands still at twice that.
UNDER_WAY = 1 << 20
QUEUE = {"license": "worker-intake", "fetch": "worker-downloads", "verify": "worker-downloads"}
QUEUE |= {"scan": "worker-scanning", "queue": "worker-scanning"}
ANSWERS = {
    "resolve": r"GET /api/models/{repo}",
    "inspect": r"GET /.*{name}.*config\.json",
    "license": r"GET /.*{name}.*" + models.FOURTH_LICENSE,
}
LOCKS = {
    "outlook": "lock table registry_policy in access exclusive mode",
    "verify": "lock table registry_gateresult in exclusive mode",
    "scan": "lock table scanning_scan in exclusive mode",
    "queue": "lock table scanning_rescan in exclusive mode",
    "decide": "lock table registry_policy in access exclusive mode",
}


def hold(yard: Yard, step: str, repo_id: str) -> AbstractContextManager[object]:
    """Take hold of a step that has not begun; leaving the block lets it go on."""
    if step in ANSWERS:
        pattern = ANSWERS[step].format(repo=repo_id, name=repo_id.partition("/")[2])
        return yard.upstream.hold(pattern)
    if step == "fetch":
        return yard.upstream.fault(hold_after_bytes=2 * UNDER_WAY, hold_glob="model.safetensors")
    return locked(yard, LOCKS[step])


@contextmanager
def locked(yard: Yard, statement: str) -> Iterator[None]:
    """Hold a lock until the block ends, or the server that keeps it does."""
    with ExitStack() as stack:
        connection = stack.enter_context(psycopg.connect(yard.database()))
        stack.callback(_close, connection)
        connection.execute(statement.encode())
        yield


def _close(connection: psycopg.Connection) -> None:
    with contextlib.suppress(psycopg.Error):  # PostgreSQL was killed
        connection.rollback()
    connection.close()


def worker_of(step: str) -> str:
    """The program whose process works on this step."""
    return QUEUE.get(step, "worker-intake")


def reached(yard: Yard, workflow: str, step: str) -> int:
    """Wait until a worker works on this step; give that worker's process id."""
    found: list[int] = []

    def running() -> bool:
        found.clear()
        with contextlib.suppress(psycopg.OperationalError):  # PostgreSQL is not back yet
            found.extend(_at_work(yard, workflow, step))
        return bool(found)

    assert wait_until(running, seconds=PATIENCE), f"{step}: {_where(yard, workflow)}"
    return found[0]


def _where(yard: Yard, workflow: str) -> str:
    """What became of a run instead, and what the yard said of it."""
    run = yard.rows("select state, worker, not_before, error from core_run where id = %s", workflow)
    steps = yard.rows(
        "select name, state, claims, done, total, message from core_runstep where run_id = %s"
        " order by position",
        workflow,
    )
    said = [line for line in yard.running.said().splitlines() if "celery.beat" not in line]
    return "\n".join([str(run), *map(str, steps), *said[-60:]])


def _at_work(yard: Yard, workflow: str, step: str) -> list[int]:
    rows = yard.rows(
        "select r.worker, s.done from core_run r join core_runstep s on s.run_id = r.id"
        " where r.id = %s and s.name = %s and s.state = 'running' and r.lease_until > now()",
        workflow,
        step,
    )
    moving = [row for row in rows if step != "fetch" or row[1] >= UNDER_WAY]
    return [int(worker.rpartition(":")[2]) for worker, _ in moving]
