"""A run: its steps in order, by one worker at a time, until its end or somebody cancels it."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from core import jobs, runs, steps
from core.errors import ConflictError, InvalidInputError, UpstreamError
from core.models import Run, RunState, StepState
from tests.core.pipeline import drive, start, states, work

__all__ = ["work"]
pytestmark = pytest.mark.django_db


def test_steps_are_done_in_order_and_the_run_ends(work):
    run = drive(start())
    assert work.calls == ["one", "two", "three"]
    assert run.state == RunState.DONE
    assert run.lease_until is None
    assert work.ends == [RunState.DONE]


def test_asking_twice_for_the_same_gives_one_run(work):
    first, created = jobs.start_run(kind="testing", key="same")
    again, created_again = jobs.start_run(kind="testing", key="same")
    assert first == again
    assert (created, created_again) == (True, False)
    assert first.steps.count() == 3


def test_after_the_end_the_same_key_may_run_again(work):
    first = drive(start("same"))
    assert start("same") != first


def test_a_run_that_somebody_holds_is_left_alone(work):
    run = start()
    assert runs.claim(run.pk)
    assert runs.claim(run.pk) is None
    runs.advance(run.pk)
    assert work.calls == []


def test_a_run_whose_worker_died_is_continued_at_its_step(work):
    run = start()
    runs.advance(run.pk)
    runs.claim(run.pk)  # a worker took it and was never heard of again
    Run.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    drive(run)
    assert work.calls == ["one", "two", "three"]


def test_a_worker_that_lost_its_lease_writes_nothing_more(work):
    run = start()

    def overtaken(context):
        Run.objects.filter(pk=run.pk).update(epoch=99)

    work.plan["one"] = [overtaken]
    runs.advance(run.pk)
    run.refresh_from_db()
    assert run.epoch == 99
    assert states(run)[0] == StepState.RUNNING


def test_a_waiting_run_that_is_cancelled_ends(work):
    run = start()
    jobs.cancel_run(run.pk)
    assert drive(run).state == RunState.CANCELLED
    assert work.calls == []


def test_a_running_step_stops_at_its_next_checkpoint(work, monkeypatch):
    monkeypatch.setattr(steps, "EVERY", 0)
    run = start()

    def cancelled_meanwhile(context):
        jobs.cancel_run(run.pk)
        context.checkpoint()
        work.calls.append("went on")

    work.plan["one"] = [cancelled_meanwhile]
    assert drive(run).state == RunState.CANCELLED
    assert work.calls == ["one"]


@pytest.mark.parametrize("end", [None, InvalidInputError("no"), UpstreamError("try again")])
def test_the_last_progress_is_written_at_the_end_of_a_step(work, end):
    def to_the_third(context):
        for n in range(1, 4):
            context.progress(n, unit="files", message=f"file {n}")
        if end:
            raise end

    work.plan["one"] = [to_the_third]
    run = drive(start(), turns=1)
    assert run.steps.get(name="one").done == 3


def test_a_run_that_ended_cannot_be_cancelled(work):
    run = drive(start())
    with pytest.raises(ConflictError):
        jobs.cancel_run(run.pk)


def test_skipped_steps_are_not_started(work):
    work.plan["one"] = [lambda context: context.skip("two", message="not needed")]
    run = drive(start())
    assert work.calls == ["one", "three"]
    assert states(run) == [StepState.DONE, StepState.SKIPPED, StepState.DONE]


def test_the_sweeper_wakes_what_nobody_works_on(work):
    run = start()
    Run.objects.filter(pk=run.pk).update(woken_at=None)
    assert runs.sweep() == 1
    assert runs.sweep() == 0  # woken a moment ago


def test_the_sweeper_leaves_held_and_waiting_runs(work):
    held, waiting = start("held"), start("waiting")
    runs.claim(held.pk)
    Run.objects.filter(pk=waiting.pk).update(not_before=timezone.now() + timedelta(hours=1))
    Run.objects.update(woken_at=None)
    assert runs.sweep() == 0


def test_messages_leave_only_after_commit(work, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        start()
    assert len(callbacks) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_do_each_step_once(work):
    run = start()

    def worker():
        for _ in range(5):
            runs.advance(run.pk)
        connection.close()

    threads = [threading.Thread(target=worker) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert drive(run).state == RunState.DONE
    assert work.calls == ["one", "two", "three"]


def test_progress_is_kept_on_the_row(work):
    work.plan["one"] = [lambda context: context.progress(5, 10, unit="bytes", message="a.bin")]
    run = start()
    runs.advance(run.pk)
    step = run.steps.get(name="one")
    assert (step.done, step.total, step.unit) == (10, 10, "bytes")
