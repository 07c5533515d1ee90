from __future__ import annotations

import pytest

from catalog.inspectors.base import Problems
from catalog.inspectors.headers.ranges import Budget, BudgetSpentError, Cursor, read_named
from core.errors import InvalidInputError, TooLargeError, UpstreamError
from tests.catalog.inspectors.memory import MemoryReader

CONTENT = bytes(range(256)) * 40


AMPLE = Budget(1 << 20, 99)


def cursor_of(budget=AMPLE, guess=100):
    reader = MemoryReader({"f": CONTENT})
    return Cursor(reader, "f", budget, guess=guess), reader


def test_without_a_guess_what_surely_follows_is_read_and_no_more():
    cursor, reader = cursor_of(guess=0)
    cursor.behind = 50
    assert cursor.take(10) + cursor.take(50) == CONTENT[:60]
    cursor.behind = 0
    assert cursor.take(3) == CONTENT[60:63]
    assert [(start, end) for _, start, end in reader.read] == [(0, 60), (60, 63)]


def test_guesses_double_and_ask_for_no_byte_twice():
    cursor, reader = cursor_of()
    assert b"".join(cursor.take(10) for _ in range(200)) == CONTENT[:2000]
    assert [(start, end) for _, start, end in reader.read] == [
        (0, 100), (100, 300), (300, 700), (700, 1500), (1500, 3100),
    ]  # fmt: skip


def test_a_jump_leaves_the_bytes_between_unread():
    cursor, reader = cursor_of()
    cursor.take(10)
    cursor.skip(5000)
    assert cursor.take(4) == CONTENT[5010:5014]
    assert [(start, end) for _, start, end in reader.read] == [(0, 100), (5010, 5110)]


def test_a_need_larger_than_the_window_is_one_read():
    cursor, reader = cursor_of()
    assert cursor.take(3000) == CONTENT[:3000]
    assert len(reader.read) == 1


def test_the_last_window_ends_where_the_file_does():
    cursor, reader = cursor_of(guess=1 << 20)
    assert cursor.unpack("HB") == (256, 2)
    assert reader.read == [("f", 0, len(CONTENT))]


@pytest.mark.parametrize("count", [len(CONTENT) + 1, 1 << 63])
def test_more_than_the_file_has_is_refused_without_a_read(count):
    cursor, reader = cursor_of()
    with pytest.raises(InvalidInputError):
        cursor.take(count)
    with pytest.raises(InvalidInputError):
        cursor.skip(count)
    assert reader.read == []


@pytest.mark.parametrize("budget", [Budget(250, 99), Budget(1 << 20, 2)])
def test_a_budget_holds(budget):
    cursor, reader = cursor_of(budget)
    with pytest.raises(BudgetSpentError):
        b"".join(cursor.take(10) for _ in range(100))
    assert len(reader.read) <= 2
    assert sum(end - start for _, start, end in reader.read) <= budget.bytes
    assert cursor.reach == sum(end - start for _, start, end in reader.read)


def raising(error):
    def read():
        raise error

    return read


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (InvalidInputError("it is odd"), "f is no valid X file: it is odd"),
        (TooLargeError("f is too large"), "f cannot be read: f is too large"),
        (BudgetSpentError(), "f: its header is longer than what is read of it"),
    ],
)
def test_what_ends_the_reading_of_a_file_is_named(error, problem):
    problems = Problems()
    assert read_named("f", "X", problems, raising(error)) is None
    assert problems.found == [problem]


def test_a_source_that_is_down_stops_the_run():
    with pytest.raises(UpstreamError):
        read_named("f", "X", Problems(), raising(UpstreamError("down")))
