"""Pieces are small until much went out quickly, and few answers have large ones."""

from __future__ import annotations

from hub.streams.pace import FAST, LARGE, SMALL, WINDOW, Lanes, Pace


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_who_takes_a_window_quickly_gets_large_pieces_and_loses_them_when_slow():
    clock = Clock()
    pace = Pace(Lanes(), clock)
    pace.passed(WINDOW - 1)
    assert pace.piece == SMALL
    clock.now += FAST / 2
    pace.passed(1)
    assert pace.piece == LARGE
    clock.now += 2 * FAST
    pace.passed(WINDOW)
    assert pace.piece == SMALL


def test_who_is_slow_from_the_start_never_gets_them():
    clock = Clock()
    pace = Pace(Lanes(), clock)
    for _ in range(4):
        clock.now += 2 * FAST
        pace.passed(WINDOW)
        assert pace.piece == SMALL


def test_there_is_room_for_so_many_and_an_end_makes_room():
    clock = Clock()
    lanes = Lanes(1)
    first, second = Pace(lanes, clock), Pace(lanes, clock)
    first.passed(WINDOW)
    second.passed(WINDOW)
    assert (first.piece, second.piece) == (LARGE, SMALL)
    first.end()
    first.end()
    second.passed(WINDOW)
    assert second.piece == LARGE
    third = Pace(lanes, clock)
    third.passed(WINDOW)
    assert third.piece == SMALL
