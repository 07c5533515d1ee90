"""Run scanners in limited children (`core.sandbox`): what one does to itself is an answer too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from core.sandbox.limits import Limits
from core.sandbox.run import Job, Lost, run
from core.scratch import scratch_folder
from scanning.scanners import Coverage, Report, Scanner, ScannerOptions, Verdict, scanners


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


@contextmanager
def _scratch(options: ScannerOptions) -> Iterator[ScannerOptions]:
    """A folder that only this run writes to, gone afterwards."""
    with scratch_folder(options.scratch, "scan-") as folder:
        yield replace(options, scratch=folder)
