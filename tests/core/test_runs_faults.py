"""Errors in a step: tried again, waited for, or the end of the run."""

from __future__ import annotations

import random
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import connection
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerAway

from core import jobs, runs
from core.errors import (
    InvalidInputError,
    StorageError,
    StorageFullError,
    UpstreamError,
    UpstreamRateLimitError,
)
from core.models import Run, RunState
from tests.core.pipeline import drive, start, work

__all__ = ["work"]
pytestmark = pytest.mark.django_db


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


def test_runs_that_were_limited_together_come_back_apart(work, monkeypatch):
    monkeypatch.setattr(random, "random", random.Random(7).random)  # noqa: S311 the same each time
    work.plan["one"] = [UpstreamRateLimitError("slow down", retry_after=3600) for _ in range(5)]
    before = timezone.now()
    runs_back = [drive(start(key=f"k{n}"), turns=1) for n in range(5)]
    waits = sorted((run.not_before - before).total_seconds() for run in runs_back)
    assert all(3600 <= wait < 4600 for wait in waits)
    assert all(later - sooner > 5 for sooner, later in pairwise(waits))


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


def test_a_step_that_kills_its_worker_each_time_ends_the_run(work):
    run = start()
    run.steps.filter(name="one").update(claims=runs.MAX_CLAIMS)
    assert drive(run).state == RunState.FAILED
    assert work.calls == []


def test_a_broker_that_is_away_loses_nothing(work, monkeypatch, django_capture_on_commit_callbacks):
    def away(**_):
        raise BrokerAway("connection refused")

    monkeypatch.setattr(jobs.current_app.tasks[jobs.ADVANCE], "apply_async", away)
    with django_capture_on_commit_callbacks(execute=True):
        run = start()
    assert Run.objects.get(pk=run.pk).state == RunState.QUEUED


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
