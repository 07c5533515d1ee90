"""One question at a time for all who ask the same, and no answer older than the asking."""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition


class Turns:
    """Let those who come while a question is under way share the next one.

    Whoever asks gets the answer to a question that began after they came, so sharing makes no
    answer older than asking alone would. What the question raises is raised to who put it; those
    who shared it are told False.
    """

    def __init__(self) -> None:
        self._turn = Condition()
        self._begun = 0
        self._ended = 0
        self._answer = False

    def ask(self, question: Callable[[], bool]) -> bool:
        """Give the answer of a question that begins from now on."""
        with self._turn:
            mine = self._begun + 1
            while self._ended < mine:
                if self._begun == self._ended:
                    self._begun += 1
                    break
                self._turn.wait()
            else:
                return self._answer
        answer = False
        try:
            answer = question()
        finally:
            with self._turn:
                self._ended, self._answer = self._begun, answer
                self._turn.notify_all()
        return answer
