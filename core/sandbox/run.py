"""The parent's side: items in, an answer for each out; a child's death is an answer too."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from math import inf
from pathlib import Path
from typing import IO, Any, Generic, TypeVar

from core.sandbox.limits import Limits

_ROOT = Path(__file__).resolve().parents[2]
_UNSHARE = Path("/usr/bin/unshare")
_ISOLATED = (str(_UNSHARE), "--user", "--map-current-user", "--net", "--")
_MAX_LINE = 8 * 1024 * 1024
_TAIL = 400
_UNREADABLE = "gave an answer that cannot be read"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Lost:
    """An item without an answer, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Job(Generic[T]):
    """What children do: `python -m module`, which calls `core.sandbox.inside.serve`.

    `title` begins every reason ("the scanner"); `read` turns JSON into an answer, ValueError when
    it is none. Children start in `scratch` and may write there only when `writes` says so. Of our
    open files they have those that are `inherited`, under the same numbers.
    """

    module: str
    title: str
    read: Callable[[Any], T]
    scratch: Path
    limits: Limits
    setup: dict[str, Any] = field(default_factory=dict)
    writes: bool = False
    network: bool = False
    inherited: tuple[int, ...] = ()


def run(job: Job[T], items: Sequence[Any]) -> list[T | Lost]:
    """Answers in the order of `items` (JSON values): one child for all, a new one after a crash
    or when one ends because it holds much memory.

    Never raises for what a child does: the item that it ended on is lost, the others are done as
    usual. When a child cannot even begin, all that is left is lost.
    """
    answers: list[T | Lost] = []
    total = job.limits.total_seconds
    until = inf if total is None else time.monotonic() + total
    while rest := items[len(answers) :]:
        if time.monotonic() >= until:
            lost = Lost(f"{job.title} had no time left after {total:g} seconds for all")
            return answers + [lost] * len(rest)
        answers += _Child(job, rest, until).run()
    return answers


@cache
def network_isolation() -> str:
    """'' when children run without network, else why the kernel does not allow it here."""
    if not _UNSHARE.exists():
        return "unshare is not installed"
    command = [*_ISOLATED, "/bin/true"]
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 fixed command
    return "" if done.returncode == 0 else done.stderr.decode(errors="replace").strip()


def environment(scratch: Path) -> dict[str, str]:
    """Give all that a child sees of an environment: none of ours."""
    return {
        "PATH": os.defpath,
        "PYTHONPATH": str(_ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "LANG": "C.UTF-8",
        "OPENBLAS_NUM_THREADS": "1",  # each thread's arena would eat the memory limit
        "OMP_NUM_THREADS": "1",
    }


@dataclass(slots=True)
class _Child(Generic[T]):
    """One child over the items from here on, until it is through or dies."""

    job: Job[T]
    items: Sequence[Any]
    until: float
    answers: list[T | Lost] = field(default_factory=list)
    started: bool = False
    spent: bool = False
    problem: str = ""

    def run(self) -> list[T | Lost]:
        """At least one answer; fewer than items when the child did not survive the last one."""
        folder = self.job.scratch
        with (
            tempfile.TemporaryFile(dir=folder) as errors,
            tempfile.TemporaryFile(dir=folder) as request,
        ):
            # A file, not a pipe: a child that never reads cannot block us.
            request.write(json.dumps(self._request()).encode())
            request.seek(0)
            try:
                process = self._start(request.fileno(), errors.fileno())
            except OSError as error:
                self.problem = f"could not be started: {error.strerror}"
                self._explain(0, "")
                return self.answers
            try:
                self._talk(process)
            finally:
                _end(process)
            if len(self.answers) < len(self.items) and not self.spent:
                self._explain(process.returncode, _tail(errors))
        return self.answers

    def _request(self) -> dict[str, Any]:
        return {
            "limits": self.job.limits.to_json(),
            "writable": [str(self.job.scratch.absolute())] if self.job.writes else [],
            "network": self.job.network,
            "setup": self.job.setup,
            "items": list(self.items),
        }

    def _start(self, request: int, errors: int) -> subprocess.Popen[bytes]:
        isolated = not self.job.network and not network_isolation()
        # -P: nothing that lies in the scratch folder is ever imported.
        command = [*(_ISOLATED if isolated else ()), sys.executable, "-P", "-m", self.job.module]
        return subprocess.Popen(  # noqa: S603 our own interpreter on our own module
            command,
            stdin=request,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=self.job.scratch,
            env=environment(self.job.scratch),
            pass_fds=self.job.inherited,
            start_new_session=True,
        )

    def _talk(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None  # noqa: S101 a pipe by `_start`
        for line in self._lines(process.stdout.fileno()):
            if not self._take(line):
                return

    def _lines(self, pipe: int) -> Iterator[bytes]:
        """Lines as they come; ends at the end of the pipe or when an item takes too long."""
        pending = b""
        seconds = self._at_most(self.job.limits.start_seconds)
        deadline = time.monotonic() + seconds
        with selectors.DefaultSelector() as ready:
            ready.register(pipe, selectors.EVENT_READ)
            while ready.select(max(0.0, deadline - time.monotonic())):
                data = os.read(pipe, 64 * 1024)
                if not data:
                    return
                *lines, pending = (pending + data).split(b"\n")
                yield from lines
                if len(pending) > _MAX_LINE:
                    self.problem = _UNREADABLE
                    return
                if lines:
                    seconds = self._at_most(self.job.limits.wall_seconds)
                    deadline = time.monotonic() + seconds
        self.problem = f"gave no answer within {seconds:.3g} seconds"

    def _at_most(self, seconds: float) -> float:
        return max(0.0, min(seconds, self.until - time.monotonic()))

    def _take(self, line: bytes) -> bool:
        """Note one answer; False when it is none, and the child not to be listened to further."""
        expected = len(self.answers)
        try:
            message = json.loads(line)
            if message.get("started") == expected:
                self.started = True
                return True
            if message.get("done") == expected:
                self.spent = message.get("spent") is True
                self.answers.append(self._answer(message))
                return not self.spent
            if message.get("again") == expected and self.answers:
                self.spent = True
                return False
        except (ValueError, KeyError, AttributeError, RecursionError):
            pass
        self.problem = _UNREADABLE
        return False

    def _answer(self, message: dict[str, Any]) -> T | Lost:
        if "failed" in message:
            return Lost(f"{self.job.title} failed: {str(message['failed'])[:_TAIL]}")
        return self.job.read(message["answer"])

    def _explain(self, code: int, said: str) -> None:
        """Answer for the item the child ended on; for all of them when it never began."""
        reason = Lost(f"{self.job.title} {self.problem or _how_it_ended(code, said)}")
        self.answers += [reason] * (1 if self.started else len(self.items))


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdout is not None:
        process.stdout.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=0.5)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _tail(errors: IO[bytes]) -> str:
    end = errors.seek(0, os.SEEK_END)
    errors.seek(max(0, end - _TAIL))
    text = errors.read().decode(errors="replace").strip()
    return text.splitlines()[-1] if text else ""


def _how_it_ended(code: int, said: str) -> str:
    if code == -signal.SIGXCPU:
        return "used up its CPU time"
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with code {code}: {said}".rstrip(": ")
