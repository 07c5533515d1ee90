"""kill -9 of workers, aria2 and PostgreSQL at random moments of large imports."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

TIMES = 20


def run(options: argparse.Namespace) -> None:
    from tests.e2e.aftermath import check_nothing_is_left_over
    from tests.e2e.moments import hurt, unhurt
    from tests.e2e.upstream import running_upstream
    from tests.e2e.yard import running_yard
    from tests.standins.repos import RepoRoot

    size = options.megabytes // 2
    folder = Path(tempfile.mkdtemp(prefix="yard-bench-"))
    try:
        with running_upstream(RepoRoot(folder)) as upstream, running_yard(upstream) as yard:
            person = yard.person("bench", tier="professional", role="curator")
            duration = unhurt(yard, person, megabytes=size)
            print(
                f"an import of {size} MB takes {duration:.0f} s when nothing is killed", flush=True
            )
            for seed in range(TIMES):
                blow = hurt(yard, person, seed=seed, megabytes=size, duration=duration)
                where = f"{blow.victim} killed after {blow.after:.1f} s ({blow.step})"
                print(f"{seed + 1:2} of {TIMES}: {where}: complete, hashes equal", flush=True)
            check_nothing_is_left_over(yard)
            print("no row twice, no orphan, nothing left in staging, the audit trail whole")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
