"""kill -9 at random moments of an import; `make bench ARGS=kills` does the same with a gigabyte."""

from __future__ import annotations

from tests.e2e.aftermath import check_nothing_is_left_over
from tests.e2e.moments import hurt, unhurt

MEGABYTES = 60


def test_imports_end_well_whatever_is_killed_and_when(yard, cora):
    duration = unhurt(yard, cora, megabytes=MEGABYTES)
    blows = [
        hurt(yard, cora, seed=seed, megabytes=MEGABYTES, duration=duration) for seed in range(3)
    ]
    assert len({blow.victim for blow in blows}) > 1
    check_nothing_is_left_over(yard)
