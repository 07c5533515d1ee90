from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerAway

from core import jobs, pipelines, runs, steps
from core.errors import (
    ConflictError,
    InvalidInputError,
    StorageError,
    StorageFullError,
    UpstreamError,
    UpstreamRateLimitError,
)
from core.models import Run, RunState, StepState
from core.pipelines import Pipeline, Step

pytestmark = pytest.mark.django_db


class Work:
    """What a step of the test pipeline does next; every call is written down."""

    def __init__(self):
        self.calls = []
        self.plan = {}
        self.ends = []

    def step(self, name):
        def work(context):
            self.calls.append(name)
            planned = self.plan.get(name, [])
            action = planned.pop(0) if planned else None
            if isinstance(action, Exception):
                raise action
            if action:
                action(context)

        return Step(name, name.title(), "intake", work)


@pytest.fixture
def work():
    work = Work()
    pipeline = Pipeline(
        "testing",
        "Test",
        tuple(map(work.step, ["one", "two", "three"])),
        on_end=lambda context: work.ends.append(context.run.state),
    )
    pipelines._pipelines["testing"] = pipeline
    yield work
    del pipelines._pipelines["testing"]


def start(key="x"):
    return jobs.start_run(kind="testing", key=key)[0]


def drive(run, turns=10):
    for _ in range(turns):
        runs.advance(run.pk)
    run.refresh_from_db()
    return run


def states(run):
    return list(run.steps.values_list("state", flat=True))


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


def test_a_retryable_error_postpones_the_step_and_then_it_goes_on(work):
    work.plan["two"] = [UpstreamError("away")]
    run = start()
    drive(run, turns=3)
    assert run.state == RunState.RUNNING
    assert run.not_before > timezone.now()
    assert work.calls == ["one", "two"]
    Run.objects.filter(pk=run.pk).update(not_before=timezone.now())
    assert drive(run).state == RunState.DONE
    assert work.calls == ["one", "two", "two", "three"]


def test_a_rate_limit_is_waited_for_as_long_as_asked(work):
    work.plan["one"] = [UpstreamRateLimitError("slow down", retry_after=500)]
    run = drive(start(), turns=1)
    assert run.not_before > timezone.now() + timedelta(seconds=400)


def test_a_retryable_error_that_stays_fails_the_run_with_its_code(work):
    work.plan["one"] = [UpstreamError("away") for _ in range(9)]
    run = start()
    for _ in range(8):
        Run.objects.filter(pk=run.pk).update(not_before=None)
        runs.advance(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error_code, run.error) == ("failed", "upstream_unavailable", "away")
    assert work.calls == ["one"] * (runs.MAX_RETRIES + 1)
    assert work.ends == [RunState.FAILED]


def test_bad_input_fails_at_once_and_a_retry_continues_there(work):
    work.plan["two"] = [InvalidInputError("no", field="x")]
    run = drive(start())
    assert (run.state, run.error_details) == (RunState.FAILED, {"field": "x"})
    jobs.retry_run(run.pk)
    assert drive(run).state == RunState.DONE
    assert work.calls == ["one", "two", "two", "three"]


def test_a_bug_fails_the_run_and_names_the_step(work):
    work.plan["two"] = [ZeroDivisionError("x")]
    run = drive(start())
    assert run.state == RunState.FAILED
    assert run.error == "ZeroDivisionError in step two"


@pytest.mark.django_db(transaction=True)
def test_a_database_that_went_away_is_no_failure(work):
    def cut_off(context):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    work.plan["two"] = [cut_off]
    run = drive(start(), turns=3)
    assert run.state == RunState.RUNNING
    assert drive(run).state == RunState.DONE
    assert work.calls == ["one", "two", "two", "three"]


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


def test_a_step_that_kills_its_worker_each_time_ends_the_run(work):
    run = start()
    run.steps.filter(name="one").update(claims=runs.MAX_CLAIMS)
    assert drive(run).state == RunState.FAILED
    assert work.calls == []


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


def test_a_broker_that_is_away_loses_nothing(work, monkeypatch, django_capture_on_commit_callbacks):
    def away(**_):
        raise BrokerAway("connection refused")

    monkeypatch.setattr(jobs.current_app.tasks[jobs.ADVANCE], "apply_async", away)
    with django_capture_on_commit_callbacks(execute=True):
        run = start()
    assert Run.objects.get(pk=run.pk).state == RunState.QUEUED


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


def test_a_full_disk_is_waited_for_longer_each_time_and_uses_up_no_try(work):
    work.plan["two"] = [StorageFullError("No space.") for _ in range(40)]
    run = start()
    waits = []
    for _ in range(41):
        Run.objects.filter(pk=run.pk).update(not_before=None)
        runs.advance(run.pk)
        run.refresh_from_db()
        if run.is_waiting:
            waits.append((run.not_before - run.waited_at).total_seconds())
    step = run.steps.get(name="two")
    assert (run.state, run.waiting_for, run.waits) == ("running", "storage_full", 40)
    assert (step.state, step.message, step.retries, step.claims) == ("waiting", "No space.", 0, 0)
    assert waits[0] < waits[2] < waits[4] < waits[-1] < runs.LONGEST_PAUSE + 1
    Run.objects.filter(pk=run.pk).update(not_before=None)
    drive(run)
    assert (run.state, run.waiting_for, run.waits) == ("done", "", 0)


def test_what_waits_for_a_store_is_woken_when_it_is_back(work):
    work.plan["one"] = [StorageError("The store is away.")]
    run = drive(start(), turns=1)
    Run.objects.filter(pk=run.pk).update(not_before=timezone.now() + timedelta(hours=1))
    assert runs.wake_waiting("storage_full") == 0
    assert runs.wake_waiting("storage_unavailable") == 1
    assert drive(run).state == RunState.DONE


def test_a_run_that_waits_for_space_can_be_cancelled(work):
    work.plan["one"] = [StorageFullError("No space.")]
    run = drive(start(), turns=1)
    jobs.cancel_run(run.pk)
    assert drive(run).state == RunState.CANCELLED
    assert run.waiting_for == ""
