"""Places, bandwidth and quiet hours: decided from numbers, so tested by tables."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from downloads.sharing import Demand, Limits, allot, is_within, places_for, shares

NIGHT = (time(22), time(6))


@pytest.mark.parametrize(
    ("moment", "window", "inside"),
    [
        (time(23), NIGHT, True),
        (time(5, 59), NIGHT, True),
        (time(6), NIGHT, False),
        (time(12), NIGHT, False),
        (time(12), (time(9), time(17)), True),
        (time(17), (time(9), time(17)), False),
        (time(3), (time(8), time(8)), True),
    ],
)
def test_a_window_may_pass_midnight(moment, window, inside):
    assert is_within(moment, window) is inside


def test_quiet_hours_have_their_own_bandwidth_and_an_end():
    limits = Limits(files=4, rate=1000, quiet=NIGHT, quiet_rate=0)
    evening = datetime(2026, 1, 1, 23, 30, tzinfo=UTC)
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert (limits.at(evening).rate, limits.at(noon).rate) == (0, 1000)
    assert limits.quiet_ends(evening) == datetime(2026, 1, 2, 6, tzinfo=UTC)
    assert limits.quiet_ends(noon) is None


def demand(run, wanted, held=0, priority=0, source="hf"):
    return Demand(run, source, wanted, held, priority)


@pytest.mark.parametrize(
    ("demands", "given"),
    [
        ([demand("a", 9)], {"a": 6}),
        ([demand("a", 9), demand("b", 9)], {"a": 3, "b": 3}),
        ([demand("a", 1), demand("b", 9)], {"a": 1, "b": 5}),
        ([demand("a", 9), demand("b", 9, priority=1)], {"a": 0, "b": 6}),
        ([demand("a", 9), demand("b", 2, priority=1)], {"a": 4, "b": 2}),
        ([demand("a", 9, source="slow"), demand("b", 9)], {"a": 2, "b": 4}),
    ],
)
def test_places_are_dealt_in_turns_and_by_priority(demands, given):
    assert allot(demands, 6, {"hf": 6, "slow": 2}) == given


def test_what_others_still_hold_is_not_given_twice():
    demands = [demand("new", 9), demand("old", 9, held=5)]
    assert places_for("new", demands, 6, {}) == 1
    assert places_for("old", demands, 6, {}) == 3


def test_a_source_keeps_its_own_limit():
    demands = [demand("a", 9), demand("b", 9, held=1)]
    assert places_for("a", demands, 16, {"hf": 2}) == 1


@pytest.mark.parametrize(
    ("speeds", "given"),
    [
        ({}, {}),
        ({1: 0}, {1: 900_000}),
        ({1: 10**9, 2: 10**9}, {1: 450_000, 2: 450_000}),
        ({1: 100_000, 2: 10**9}, {1: 150_000, 2: 750_000}),
    ],
)
def test_bandwidth_that_one_leaves_goes_to_the_others(speeds, given):
    assert shares(900_000, speeds) == given


def test_shares_never_exceed_the_limit_by_more_than_a_byte_each():
    speeds = {n: n * 50_000 for n in range(20)}
    assert sum(shares(1_000_000, speeds).values()) <= 1_000_000 + len(speeds)
