"""Run scanners in limited children (`core.sandbox`): what one does to itself is an answer too."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from core.sandbox.limits import Limits
from core.sandbox.run import Job, Lost, run
from core.scratch import scratch_folder
from scanning.copies import Copies, rounds
from scanning.scanners import Coverage, Report, Scanner, ScannerOptions, Verdict, scanners

BROKEN = "broken: "  # how the words of an engine begin that must not be believed
_FLAGGED = frozenset({Verdict.UNSAFE, Verdict.SUSPICIOUS})
_SLOWEST = 10_000_000  # bytes per second
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Target:
    """A local file and the name it has in its version (the store names files by hash)."""

    path: Path
    name: str = ""

    def to_json(self) -> dict[str, str]:
        return {"path": str(self.path.absolute()), "name": self.name or self.path.name}


@dataclass(frozen=True, slots=True)
class Asked:
    """One look that is asked for: which engine, at which file.

    With `content` it is a file that the child makes for this look alone.
    """

    slug: str
    target: Target
    content: bytes | None = None

    def to_json(self, copies: Copies | None = None) -> dict[str, Any]:
        item: dict[str, Any] = {"scanner": self.slug, **self.target.to_json()}
        if copies and (place := copies.place(self.target.path)):
            item["copy"] = place
        if self.content is not None:
            item["content"] = b64encode(self.content).decode()
        return item


def scan_file(
    slug: str, target: Target, options: ScannerOptions, limits: Limits | None = None
) -> Report:
    """Run one scanner over one file in a child; never raises for what the file or engine does."""
    return scan_files(slug, [target], options, limits)[0]


def scan_files(
    slug: str, targets: Sequence[Target], options: ScannerOptions, limits: Limits | None = None
) -> list[Report]:
    """Reports in the order of `targets`; a file that a child ended on is incomplete with why."""
    return scan_each([Asked(slug, target) for target in targets], options, limits)


def scan_each(
    asked: Sequence[Asked], options: ScannerOptions, limits: Limits | None = None
) -> list[Report]:
    """Reports in the order of `asked`: one child for all that need no network, one beside it.

    Ask for all looks at a file in a row: it is then read once for all of them (`copies`). A look
    that a child ended on is incomplete with why, and the rest goes on in a new one.
    """
    reports: list[Report] = []
    for looks, copies in rounds(asked):
        reports += _scan_round(looks, copies, options, limits)
    return reports


def _scan_round(
    asked: Sequence[Asked], copies: Copies | None, options: ScannerOptions, limits: Limits | None
) -> list[Report]:
    needing = [scanner_class(one.slug).needs_network for one in asked]
    found: dict[int, Report] = {}

    def scan_part(network: bool) -> None:
        places = [place for place, needs in enumerate(needing) if needs == network]
        part = [asked[place] for place in places]
        with _scratch(options) as own:
            reports = _scan_part(part, copies, own, limits or Limits(), network=network)
        found.update(zip(places, reports, strict=True))

    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(scan_part, sorted(set(needing))))
    return [found[place] for place in range(len(asked))]


def _scan_part(
    asked: Sequence[Asked],
    copies: Copies | None,
    options: ScannerOptions,
    limits: Limits,
    *,
    network: bool,
) -> list[Report]:
    limits = _with_time(limits, asked) if network else limits
    job = look_job("scanning.child", Report.from_json, options, copies, limits, network=network)
    answers = run(job, [one.to_json(copies) for one in asked])
    return [
        Report.incomplete(answer.reason, Coverage.NONE) if isinstance(answer, Lost) else answer
        for answer in answers
    ]


def look_job(
    module: str,
    read: Callable[[Any], T],
    options: ScannerOptions,
    copies: Copies | None,
    limits: Limits,
    *,
    network: bool,
) -> Job[T]:
    """What a child is started with that looks at files, and at `copies` of them."""
    inherited = copies.inherited if copies else ()
    return Job(
        module=module,
        title="the scanner",
        read=read,
        scratch=options.scratch,
        limits=limits,
        setup={"options": options.to_json(), "copies": next(iter(inherited), None)},
        writes=True,
        network=network,
        inherited=inherited,
    )


def _with_time(limits: Limits, asked: Sequence[Asked]) -> Limits:
    """An engine that reads every byte gets time for those of the largest file."""
    sizes = [one.target.path.stat().st_size for one in asked if one.target.path.is_file()]
    return replace(limits, wall_seconds=limits.wall_seconds + max(sizes, default=0) / _SLOWEST)


@dataclass(frozen=True, slots=True)
class Proven:
    """Reports in the order of what was asked; `problems` says why an engine counts as broken."""

    reports: tuple[Report, ...]
    problems: Mapping[str, str]


def scan_proven(
    asked: Sequence[Asked],
    options: ScannerOptions,
    limits: Limits | None = None,
    *,
    besides: Iterable[str] = (),
) -> Proven:
    """Look as asked after the canary of each engine (and of those `besides`), in the same child.

    An engine that does not flag its canary is broken: whatever it says of files is thrown away.
    """
    slugs = list(dict.fromkeys([*besides, *(one.slug for one in asked)]))
    answers = scan_each([*(_canary(slug, options) for slug in slugs), *asked], options, limits)
    problems = {
        slug: said.detail or f"{slug} calls its canary {said.verdict}"
        for slug, said in zip(slugs, answers, strict=False)
        if said.verdict not in _FLAGGED
    }
    told = zip(asked, answers[len(slugs) :], strict=True)
    return Proven(tuple(_believed(one, report, problems) for one, report in told), problems)


def _canary(slug: str, options: ScannerOptions) -> Asked:
    canary = scanner_class(slug)(options).canary()
    return Asked(slug, Target(Path(canary.name)), canary.content)


def _believed(asked: Asked, report: Report, problems: Mapping[str, str]) -> Report:
    problem = problems.get(asked.slug)
    return Report.incomplete(f"{BROKEN}{problem}") if problem else report


def self_test(slug: str, options: ScannerOptions, limits: Limits | None = None) -> str:
    """'' when the engine flags its canary, else why it must count as broken."""
    return scan_proven([], options, limits, besides=[slug]).problems.get(slug, "")


def scanner_class(slug: str) -> type[Scanner]:
    """The scanner of this slug; UnknownPluginError when there is none."""
    return scanners.get(slug)


@contextmanager
def _scratch(options: ScannerOptions) -> Iterator[ScannerOptions]:
    """A folder that only this run writes to, gone afterwards."""
    with scratch_folder(options.scratch, "scan-") as folder:
        yield replace(options, scratch=folder)
