"""Records of hundreds of models: how many a minute, from a Hub that is far away and sets limits."""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2

if TYPE_CHECKING:
    from tests.e2e.upstream import Upstream
    from tests.e2e.yard import Yard

LATENCY = 0.05  # seconds to the first byte of every answer
LIMIT = {"after": 100, "window": 300, "reset": 1, "style": "ratelimit"}
_ENDED = "SELECT count(*) FROM core_run WHERE kind = 'intake' AND state IN ('done', 'failed')"
_RECORDS = """
SELECT count(*), count(DISTINCT (model.source, model.repo_id)),
  count(*) FILTER (WHERE version.extraction_status = 'completed'),
  count(*) FILTER (WHERE version.extraction_status = 'partial')
FROM registry_modelversion version JOIN registry_model model ON model.id = version.model_id
WHERE version.extraction_status <> ''
"""
_STEPS = """
SELECT step.name, avg(extract(epoch FROM step.finished_at - step.started_at))
FROM core_runstep step JOIN core_run run ON run.id = step.run_id
WHERE run.kind = 'intake' AND step.finished_at IS NOT NULL GROUP BY step.name, step.position
ORDER BY step.position
"""


def run(options: argparse.Namespace) -> None:
    from tests.e2e.upstream import running_upstream
    from tests.e2e.yard import running_yard
    from tests.standins.repos import RepoRoot

    folder = Path(tempfile.mkdtemp(prefix="yard-bench-"))
    repos, names = RepoRoot(folder), [f"acme/model-{n}" for n in range(options.records)]
    for name in names:
        repos.llm(name)
    try:
        with running_upstream(repos) as upstream, running_yard(upstream, WEB_WORKERS="2") as yard:
            person = yard.person("bench", tier="professional", role="curator")
            upstream.config(first_byte_delay=LATENCY, rate_limit=LIMIT)
            httpx2.get(f"{upstream.url}/__standin__/log?clear", timeout=60)
            began = time.perf_counter()
            for name in names:
                yard.extract(person, name)
            _follow(yard, len(names))
            _print(yard, upstream, seconds=time.perf_counter() - began)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _follow(yard: Yard, count: int) -> None:
    while (ended := yard.rows(_ENDED)[0][0]) < count:
        print(f"\r{ended} of {count}", end="", flush=True)
        time.sleep(2)
    print("\r", end="")


def _print(yard: Yard, upstream: Upstream, *, seconds: float) -> None:
    asked = httpx2.get(f"{upstream.url}/__standin__/log", timeout=60).json()
    refused = sum(1 for entry in asked if entry.get("status") == 429)  # noqa: PLR2004 HTTP's
    rows, models, completed, partial = yard.rows(_RECORDS)[0]
    print(f"{models} models in {seconds:.0f} s: {60 * models / seconds:.0f} a minute, all steps")
    print(f"  {len(asked)} requests to upstream, {refused} of them answered 429")
    told = f"{completed} completed, {partial} partial (their cards say little)"
    print(f"  {rows} records: {told}, {rows - models} twice")
    states = yard.rows("SELECT state, count(*) FROM core_run WHERE kind = 'intake' GROUP BY 1")
    print("  " + ", ".join(f"{count} {state}" for state, count in states))
    for name, took in yard.rows(_STEPS):
        print(f"  {name:10} {took:6.2f} s on average")
