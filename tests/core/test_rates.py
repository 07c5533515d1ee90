"""Quotas over a window: never more than allowed, one question for many, and no fault of its own."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from structlog.testing import capture_logs

from core import rates
from tests.services.ports import free_ports

WINDOW = 300


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The time as a test sets it; what other tests left with this process is not there."""
    now = [1_800_000_000.0]
    monkeypatch.setattr(rates, "time", lambda: now[0])
    monkeypatch.setattr(rates, "_here", rates._Broker())
    return now


@pytest.fixture
def who():
    return f"key:{uuid.uuid4()}"


def take(who, quota=100):
    return rates.take("api", who, quota=quota, window=WINDOW)


def another_process(monkeypatch):
    monkeypatch.setattr(rates, "_here", rates._Broker())


@pytest.mark.parametrize("quota", [1, 2, 39, 100, 1000])
def test_a_quota_is_given_out_to_the_last_and_no_further(who, quota):
    found = [take(who, quota) for _ in range(quota + 5)]
    assert [left.is_refused for left in found] == [False] * quota + [True] * 5
    assert [left.remaining for left in found] == [*range(quota - 1, -1, -1), *[0] * 5]
    assert all(0 < left.reset <= WINDOW for left in found)


def test_what_was_taken_of_another_quota_is_spent(who):
    assert not take(who, 400).is_refused
    assert take(who, 3).is_refused
    assert not take(who, 400).is_refused


def test_threads_together_get_no_more_and_no_less(who):
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: take(who), range(300)))
    found += [take(who) for _ in range(100)]  # what one took while the others were refused already
    assert sum(not left.is_refused for left in found) == 100


@pytest.mark.parametrize(("quota", "lost"), [(10, 0), (400, 10), (4000, 25)])
def test_processes_share_a_quota_but_for_what_each_still_holds(who, monkeypatch, quota, lost):
    first = sum(not take(who, quota).is_refused for _ in range(5))
    another_process(monkeypatch)
    second = sum(not take(who, quota).is_refused for _ in range(quota + 5))
    assert quota - lost <= first + second <= quota


def test_the_next_window_begins_with_the_whole_quota(who, clock):
    while not (left := take(who)).is_refused:
        pass
    clock[0] += left.reset - 1
    assert take(who).is_refused
    clock[0] += 1
    assert not take(who).is_refused


def test_callers_and_buckets_are_counted_apart(who):
    while not take(who, 3).is_refused:
        pass
    assert not take(f"{who}-other", 3).is_refused
    assert not rates.take("resolvers", who, quota=3, window=WINDOW).is_refused


def test_the_broker_is_asked_once_for_many_and_not_at_all_when_all_is_spent(who, monkeypatch):
    asked = []
    fill = rates._fill
    monkeypatch.setattr(rates, "_fill", lambda *a, **k: asked.append(1) or fill(*a, **k))
    for _ in range(1010):
        take(who, 1000)
    assert len(asked) == 1000 / 25
    take(who, 1000)
    assert len(asked) == 1000 / 25


@pytest.mark.parametrize("quota", [0, -1])
def test_without_a_quota_nothing_is_counted_or_refused(who, quota):
    found = [take(who, quota) for _ in range(50)]
    assert not any(left.is_counted or left.is_refused for left in found)


def test_while_the_broker_is_away_all_pass_uncounted_and_it_is_not_asked_each_time(who, settings):
    settings.CELERY_BROKER_URL = f"redis://127.0.0.1:{free_ports(1)[0]}/0"
    with capture_logs() as logs:
        found = [take(who, 1) for _ in range(20)]
    assert not any(left.is_counted or left.is_refused for left in found)
    assert [entry["event"] for entry in logs] == ["broker_away"]


def test_what_was_taken_before_the_broker_went_away_is_still_counted(who, settings):
    assert take(who, 400).remaining == 399
    settings.CELERY_BROKER_URL = f"redis://127.0.0.1:{free_ports(1)[0]}/0"
    assert [take(who, 400).is_counted for _ in range(10)] == [True] * 9 + [False]


def test_what_is_kept_of_callers_is_bounded(monkeypatch):
    monkeypatch.setattr(rates, "_MOST_KEPT", 3)
    for _ in range(10):
        take(f"key:{uuid.uuid4()}")
    assert len(rates._here.leases) == 3


@pytest.mark.parametrize("at", [0.0, 0.25, 149.5, 299.0, 299.999, 300.0, 1e9])
def test_a_window_ends_when_it_says(at):
    number, reset = rates.window_at(at, who="x", window=WINDOW)
    assert 1 <= reset <= WINDOW
    assert rates.window_at(at + reset, who="x", window=WINDOW)[0] == number + 1


def test_windows_of_callers_end_at_different_times():
    ends = {rates.window_at(1e9, who=f"key:{n}", window=WINDOW)[1] for n in range(20)}
    assert len(ends) > 10
