"""Run scanners in children of limited CPU, memory, time and network; a crash is an answer too."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from scanning.limits import Limits
from scanning.scanners import Coverage, Report, Scanner, ScannerOptions, Verdict, scanners

_ROOT = Path(__file__).resolve().parents[1]
_UNSHARE = Path("/usr/bin/unshare")
_ISOLATED = (str(_UNSHARE), "--user", "--map-current-user", "--net", "--")
_MAX_LINE = 8 * 1024 * 1024
_STDERR_TAIL = 400


@dataclass(frozen=True, slots=True)
class Target:
    """A local file and the name it has in its version (the store names files by hash)."""

    path: Path
    name: str = ""

    def to_json(self) -> dict[str, str]:
        return {"path": str(self.path.absolute()), "name": self.name or self.path.name}


def scan_file(
    slug: str, target: Target, options: ScannerOptions, limits: Limits | None = None
) -> Report:
    """Run one scanner over one file in a child; never raises for what the file or engine does."""
    return scan_files(slug, [target], options, limits)[0]


def scan_files(
    slug: str, targets: Sequence[Target], options: ScannerOptions, limits: Limits | None = None
) -> list[Report]:
    """Reports in the order of `targets`: one child for all of them, a fresh one after a crash.

    The file a child ended on is incomplete with the reason; the others are scanned as usual.
    """
    scanner = scanner_class(slug)
    reports: list[Report] = []
    with _scratch(options) as own:
        while len(reports) < len(targets):
            rest = targets[len(reports) :]
            batch = _Batch(scanner, rest, own, limits or Limits())
            reports += batch.run()
    return reports


def self_test(slug: str, options: ScannerOptions, limits: Limits | None = None) -> str:
    """'' when the engine flags its canary, else why it must count as broken."""
    canary = scanner_class(slug)(options).canary()
    with _scratch(options) as own:
        path = own.scratch / canary.name
        path.write_bytes(canary.content)
        report = scan_file(slug, Target(path), own, limits)
    if report.verdict in {Verdict.UNSAFE, Verdict.SUSPICIOUS}:
        return ""
    return report.detail or f"{slug} calls its canary {report.verdict}"


def scanner_class(slug: str) -> type[Scanner]:
    """The scanner of this slug; UnknownPluginError when there is none."""
    _load()
    return scanners.get(slug)


@cache
def _load() -> None:
    scanners.load()


@cache
def network_isolation() -> str:
    """'' when children run without network, else why the kernel does not allow it here."""
    if not _UNSHARE.exists():
        return "unshare is not installed"
    command = [*_ISOLATED, "/bin/true"]
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 fixed command
    return "" if done.returncode == 0 else done.stderr.decode(errors="replace").strip()


@contextmanager
def _scratch(options: ScannerOptions) -> Iterator[ScannerOptions]:
    """A folder that only this run writes to, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="scan-", dir=options.scratch) as folder:
        yield replace(options, scratch=Path(folder))


@dataclass(slots=True)
class _Batch:
    """One child over the files from here on, until it is through or dies."""

    scanner: type[Scanner]
    targets: Sequence[Target]
    options: ScannerOptions
    limits: Limits
    reports: list[Report] = field(default_factory=list)
    started: bool = False
    problem: str = ""

    def run(self) -> list[Report]:
        """At least one report; fewer than targets when the child did not survive the last one."""
        folder = self.options.scratch
        with (
            tempfile.TemporaryFile(dir=folder) as errors,
            tempfile.TemporaryFile(dir=folder) as request,
        ):
            # A file, not a pipe: a child that never reads cannot block us.
            request.write(json.dumps(self._request()).encode())
            request.seek(0)
            process = self._start(request.fileno(), errors.fileno())
            try:
                self._talk(process)
            finally:
                _end(process)
            if len(self.reports) < len(self.targets):
                self._explain(process.returncode, _tail(errors))
        return self.reports

    def _start(self, request: int, errors: int) -> subprocess.Popen[bytes]:
        isolated = not self.scanner.needs_network and not network_isolation()
        command = [*(_ISOLATED if isolated else ()), sys.executable, "-m", "scanning.child"]
        return subprocess.Popen(  # noqa: S603 our own interpreter on our own module
            command,
            stdin=request,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=self.options.scratch,
            env=self._environment(),
            start_new_session=True,
        )

    def _environment(self) -> dict[str, str]:
        scratch = str(self.options.scratch)
        return {
            "PATH": os.defpath,
            "PYTHONPATH": str(_ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": scratch,
            "TMPDIR": scratch,
            "LANG": "C.UTF-8",
            "OPENBLAS_NUM_THREADS": "1",  # each thread's arena would eat the memory limit
            "OMP_NUM_THREADS": "1",
        }

    def _talk(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None  # noqa: S101 a pipe by `_start`
        for line in self._lines(process.stdout.fileno()):
            if not self._take(line):
                return

    def _request(self) -> dict[str, Any]:
        return {
            "scanner": self.scanner.slug,
            "options": self.options.to_json(),
            "limits": self.limits.to_json(),
            "files": [target.to_json() for target in self.targets],
        }

    def _lines(self, pipe: int) -> Iterator[bytes]:
        """Lines as they come; ends at the end of the pipe or when a file takes too long."""
        pending = b""
        deadline = time.monotonic() + self.limits.start_seconds
        with selectors.DefaultSelector() as ready:
            ready.register(pipe, selectors.EVENT_READ)
            while ready.select(max(0.0, deadline - time.monotonic())):
                data = os.read(pipe, 64 * 1024)
                if not data:
                    return
                *lines, pending = (pending + data).split(b"\n")
                yield from lines
                if len(pending) > _MAX_LINE:
                    self.problem = "the scanner answered with something that is no report"
                    return
                if lines:
                    deadline = time.monotonic() + self.limits.wall_seconds
        seconds = self.limits.wall_seconds if self.started else self.limits.start_seconds
        self.problem = f"no answer within {seconds:g} seconds"

    def _take(self, line: bytes) -> bool:
        """Note one answer; False when it is none, and the child not to be listened to further."""
        expected = len(self.reports)
        try:
            message = json.loads(line)
            if message.get("started") == expected:
                self.started = True
                return True
            if message.get("done") == expected:
                self.reports.append(Report.from_json(message["report"]))
                return True
        except (ValueError, KeyError, AttributeError, RecursionError):
            pass
        self.problem = "the scanner answered with something that is no report"
        return False

    def _explain(self, code: int, said: str) -> None:
        """Answer for the file the child ended on; for all of them when it never began."""
        reason = self.problem or _how_it_ended(code, said)
        lost = 1 if self.started else len(self.targets)
        self.reports += [Report.incomplete(reason, Coverage.NONE)] * lost


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdout is not None:
        process.stdout.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=0.5)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _tail(errors: Any) -> str:  # noqa: ANN401 the wrapper that tempfile returns
    end = errors.seek(0, os.SEEK_END)
    errors.seek(max(0, end - _STDERR_TAIL))
    text: str = errors.read().decode(errors="replace").strip()
    return text.splitlines()[-1] if text else ""


def _how_it_ended(code: int, said: str) -> str:
    if code == -signal.SIGXCPU:
        return "the scanner used up its CPU time"
    if code < 0:
        return f"the scanner was ended by {signal.Signals(-code).name}"
    return f"the scanner ended with code {code}: {said}".rstrip(": ")
