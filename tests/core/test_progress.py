from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.models import RunStep
from core.progress import progress_of, step_words
from core.wording import NBSP

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def fetch(**values: object) -> RunStep:
    given = {"title": "Fetch", "state": "running", "unit": "bytes", "started_at": NOW}
    return RunStep(**{**given, **values})


def test_speed_and_time_left_come_from_what_was_measured():
    step = fetch(done=500_000_000, total=2_000_000_000, started_at=NOW - timedelta(seconds=10))
    shown = progress_of(step, NOW)
    assert shown["percent"] == 25
    assert shown["speed"] == f"50{NBSP}MB/s"
    assert shown["left"] == f"30{NBSP}s"


def test_a_step_that_just_began_promises_nothing():
    shown = progress_of(fetch(done=10, total=2_000_000_000), NOW)
    assert (shown["speed"], shown["left"]) == ("", "")


def test_only_bytes_have_a_speed():
    step = fetch(done=5, total=17, unit="files", started_at=NOW - timedelta(seconds=10))
    assert progress_of(step, NOW)["speed"] == ""


def test_each_state_of_a_step_has_its_words():
    took = fetch(state="done", finished_at=NOW + timedelta(seconds=0.6))
    assert step_words(took) == f"0.6{NBSP}s"
    assert step_words(fetch(state="waiting", started_at=None)) == "waiting"
    assert step_words(fetch(state="waiting", done=5, total=17, unit="files")) == "5 of 17 files"
    assert step_words(fetch(state="waiting", message="again in 8 s")) == "again in 8 s"
    assert step_words(fetch(state="failed")) == "failed"


@pytest.mark.parametrize(("seconds", "words"), [(95, "1 min 35 s"), (1557, "26 min")])
def test_a_guess_of_many_minutes_has_no_seconds(seconds, words):
    step = fetch(done=100, total=200, started_at=NOW - timedelta(seconds=seconds))
    assert str(progress_of(step, NOW)["left"]).replace(NBSP, " ") == words
