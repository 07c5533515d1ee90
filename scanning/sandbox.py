"""Run scanners in limited children (`core.sandbox`): what one does to itself is an answer too."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from core.sandbox.limits import Limits
from core.sandbox.run import Job, Lost, run
from scanning.scanners import Coverage, Report, Scanner, ScannerOptions, Verdict, scanners

BROKEN = "broken: "  # how the words of an engine begin that must not be believed


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
    """Reports in the order of `targets`; a file that a child ended on is incomplete with why."""
    scanner = scanner_class(slug)
    with _scratch(options) as own:
        job = Job(
            module="scanning.child",
            title="the scanner",
            read=Report.from_json,
            scratch=own.scratch,
            limits=limits or Limits(),
            setup={"scanner": slug, "options": own.to_json()},
            writes=True,
            network=scanner.needs_network,
        )
        answers = run(job, [target.to_json() for target in targets])
    return [
        Report.incomplete(answer.reason, Coverage.NONE) if isinstance(answer, Lost) else answer
        for answer in answers
    ]


@dataclass(frozen=True, slots=True)
class Proven:
    """Reports in the order of the targets; `problem` says why all of them are incomplete."""

    problem: str
    reports: tuple[Report, ...]


def scan_proven(
    slug: str, targets: Sequence[Target], options: ScannerOptions, limits: Limits | None = None
) -> Proven:
    """Scan files after the engine's canary, in the same child.

    An engine that does not flag its canary is broken: whatever it says of the files is thrown away.
    """
    canary = scanner_class(slug)(options).canary()
    with tempfile.TemporaryDirectory(prefix="canary-", dir=options.scratch) as folder:
        path = Path(folder) / canary.name
        path.write_bytes(canary.content)
        first, *reports = scan_files(slug, [Target(path), *targets], options, limits)
    if first.verdict in {Verdict.UNSAFE, Verdict.SUSPICIOUS}:
        return Proven("", tuple(reports))
    problem = first.detail or f"{slug} calls its canary {first.verdict}"
    return Proven(problem, (Report.incomplete(f"{BROKEN}{problem}"),) * len(targets))


def self_test(slug: str, options: ScannerOptions, limits: Limits | None = None) -> str:
    """'' when the engine flags its canary, else why it must count as broken."""
    return scan_proven(slug, [], options, limits).problem


def scanner_class(slug: str) -> type[Scanner]:
    """The scanner of this slug; UnknownPluginError when there is none."""
    _load()
    return scanners.get(slug)


@cache
def _load() -> None:
    scanners.load()


@contextmanager
def _scratch(options: ScannerOptions) -> Iterator[ScannerOptions]:
    """A folder that only this run writes to, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="scan-", dir=options.scratch) as folder:
        yield replace(options, scratch=Path(folder))
