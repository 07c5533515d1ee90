"""What a step tells the database of itself, and how soon it hears that it should stop."""

from __future__ import annotations

import pytest

from core import jobs
from core.errors import CancelledError, LeaseLostError
from core.models import Run, RunState, RunStep
from core.steps import StepContext

pytestmark = pytest.mark.django_db


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def context(clock):
    run = Run.objects.create(kind="test", key="x", state=RunState.RUNNING)
    step = RunStep.objects.create(run=run, position=1, name="one", title="One", queue="intake")
    return StepContext(run, step, clock=clock)


def done(context):
    return RunStep.objects.get(pk=context.step.pk).done


def test_ten_thousand_checkpoints_in_a_second_are_one_query(context, django_assert_num_queries):
    with django_assert_num_queries(1):
        for _ in range(10_000):
            context.checkpoint()


def test_ten_thousand_files_in_a_second_are_one_look_and_one_write(
    context, django_assert_num_queries
):
    with django_assert_num_queries(2):
        for n in range(10_000):
            context.progress(n, 10_000, unit="files", message=f"file {n}")
            context.checkpoint()


def test_the_first_progress_is_written_at_once_and_then_one_a_second(context, clock):
    seen = []
    for n in range(1, 31):
        context.progress(n, 30)
        seen.append(done(context))
        clock.now += 0.125
    assert sorted(set(seen)) == [1, 9, 17, 25]


def test_a_cancelled_run_is_noticed_within_a_second(context, clock):
    context.checkpoint()
    jobs.cancel_run(context.run.pk)
    context.checkpoint()  # somebody looked a moment ago
    clock.now += 1.0
    with pytest.raises(CancelledError):
        context.checkpoint()


def test_progress_is_a_checkpoint_too(context, clock):
    context.progress(1)
    jobs.cancel_run(context.run.pk)
    clock.now += 1.0
    with pytest.raises(CancelledError):
        context.progress(2)
    assert done(context) == 1


def test_another_worker_finds_its_progress_untouched(context, clock):
    context.checkpoint()
    Run.objects.filter(pk=context.run.pk).update(epoch=context.run.epoch + 1)
    with pytest.raises(LeaseLostError):
        context.progress(7)  # due to be written, so it looks first, whenever the last look was
    assert done(context) == 0


def test_a_lease_that_the_heartbeat_lost_is_noticed_at_once(context):
    context.checkpoint()
    context.lost.set()
    with pytest.raises(LeaseLostError):
        context.checkpoint()
