"""When an import will have ended, by the last ones and the queue."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.selectors.demand import minutes_until
from core.models import Run

pytestmark = pytest.mark.django_db


def ended(seconds, *, kind="intake"):
    now = timezone.now()
    run = Run.objects.create(
        kind=kind, key=f"{kind} {seconds} {Run.objects.count()}", state="done", finished_at=now
    )
    Run.objects.filter(pk=run.pk).update(started_at=now - timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("took", "before", "minutes"),
    [
        ([], 0, 5),
        ([30], 0, 1),
        ([59, 61, 600], 0, 2),
        ([120], 2, 6),
        ([5000], 9, 120),
        ([0], 0, 1),
    ],
)
def test_the_time_is_that_of_the_last_ones_and_of_the_queue(took, before, minutes):
    for seconds in took:
        ended(seconds)
    ended(99_999, kind="other")
    for n in range(before):
        Run.objects.create(kind="intake", key=f"before {n}")
    assert minutes_until(Run.objects.create(kind="intake", key="mine")) == minutes
