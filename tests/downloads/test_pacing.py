"""The number of connections is found by trying; the hosts here are formulas."""

from __future__ import annotations

import pytest

from downloads.pacing import Pace


def found(speed, *, most=16):
    """Let a pace try against a host that gives `speed(connections)` bytes per second."""
    pace, now, moved = Pace(most=most), 1.0, 0
    while not pace.settled:
        now += 0.1
        moved += int(speed(pace.connections) * 0.1)
        pace.observe(now, moved, 3)
        assert now < 100, "it never makes up its mind"
    return pace.connections


@pytest.mark.parametrize(
    ("host", "connections"),
    [
        (lambda n: n * 20e6, 16),  # throttles each connection
        (lambda n: 100e6, 1),  # the line is full with one
        (lambda n: 100e6 / n, 1),  # more are slower
        (lambda n: min(n, 4) * 20e6, 4),
        (lambda n: min(n, 8) * 20e6, 8),
    ],
    ids=["throttled", "line is full", "more is slower", "four at most", "eight at most"],
)
def test_the_fewest_connections_that_are_quickest_are_found(host, connections):
    assert found(host) == connections


def test_no_more_than_allowed_are_tried():
    assert found(lambda n: n * 20e6, most=6) <= 6


def test_another_number_of_files_begins_the_measure_anew():
    pace = Pace()
    pace.observe(1.0, 0, 1)
    pace.observe(2.0, 10, 1)
    pace.observe(3.0, 20, 2)
    pace.observe(4.0, 30, 2)
    assert pace.speeds == {}
