"""The child's side: one request from standard input, an answer per item as a line of JSON.

Whatever goes wrong with an item is an answer; whatever ends this process is noticed by the parent.
Import little here: it is the time that every child takes to start.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from core.sandbox.landlock import restrict
from core.sandbox.limits import Limits, confine, grant_cpu, memory_of_its_own

_PR_SET_PDEATHSIG = 1
Work = Callable[[Any], Any]
_OUT_OF_MEMORY = {"failed": "out of memory"}


def serve(prepare: Callable[[Any], Work]) -> None:
    """Bind this process, make the work from the request's setup, answer item by item, end.

    A process that keeps much memory after an item ends early, as does one in which an item that
    was not its first lacks it: what is left to do gets a process of its own, with all of it.
    """
    _end_with_parent()
    answers = _take_over_output()
    request = json.loads(sys.stdin.buffer.read())
    limits = Limits(**request["limits"])
    confine(limits)
    restrict(writable=[Path(one) for one in request["writable"]], network=request["network"])
    grant_cpu(limits.cpu_seconds)
    work = prepare(request["setup"])
    for index, item in enumerate(request["items"]):
        _answer(answers, {"started": index})
        grant_cpu(limits.cpu_seconds)
        outcome = _outcome(work, item)
        if index and outcome == _OUT_OF_MEMORY:
            _answer(answers, {"again": index})
            return
        spent = memory_of_its_own() > limits.memory_bytes // 2
        _answer(answers, {"done": index, "spent": spent, **outcome})
        if spent:
            return


def _end_with_parent() -> None:
    """A worker that is killed leaves nobody behind who works for it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _take_over_output() -> BinaryIO:
    """Keep the pipe for answers alone: what a library prints must not look like one."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers


def _answer(answers: BinaryIO, message: dict[str, Any]) -> None:
    answers.write(json.dumps(message).encode() + b"\n")
    answers.flush()


def _outcome(work: Work, item: object) -> dict[str, Any]:
    try:
        return {"answer": work(item)}
    except MemoryError:
        return _OUT_OF_MEMORY
    except Exception as error:  # noqa: BLE001 a bug met by one item must not pass for an answer
        return {"failed": f"{type(error).__name__}: {error}"}
