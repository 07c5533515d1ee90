"""Who comes while a question is under way shares the next one, never the one that is older."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.answers.turns import Turns

WAIT = 20
HOLDS, CHANGED = True, False


class Slow:
    """Questions that are answered when the test says so, one after the other."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)

    def __call__(self):
        answer = self.answers.pop(0)
        self.begun.release()
        assert self.go_on.acquire(timeout=WAIT)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def pool():
    with ThreadPoolExecutor(8) as threads:
        yield threads


def waiting(turns, count):
    """Wait until so many threads wait for their turn."""
    ends = time.monotonic() + WAIT
    while len(turns._turn._waiters) < count:
        assert time.monotonic() < ends
        time.sleep(0.001)


def test_those_who_come_meanwhile_share_one_question_that_began_after_they_came(pool):
    turns, question = Turns(), Slow(HOLDS, CHANGED)
    first = pool.submit(turns.ask, question)
    assert question.begun.acquire(timeout=WAIT)
    others = [pool.submit(turns.ask, question) for _ in range(5)]
    waiting(turns, 5)
    question.go_on.release(2)
    assert first.result(WAIT) is True
    assert [other.result(WAIT) for other in others] == [False] * 5
    assert question.answers == []


def test_one_after_the_other_each_asks(pool):
    turns, question = Turns(), Slow(HOLDS, CHANGED, HOLDS)
    question.go_on.release(3)
    assert [turns.ask(question) for _ in range(3)] == [True, False, True]


def test_what_goes_wrong_is_raised_and_holds_for_nobody(pool):
    turns, question = Turns(), Slow(HOLDS, ValueError("away"), HOLDS)
    first = pool.submit(turns.ask, question)
    assert question.begun.acquire(timeout=WAIT)
    others = [pool.submit(turns.ask, question) for _ in range(3)]
    waiting(turns, 3)
    question.go_on.release(3)
    assert first.result(WAIT) is True
    ends = [other.exception(WAIT) or other.result() for other in others]
    assert sorted(map(str, ends)) == ["False", "False", "away"]
    assert turns.ask(question) is True
