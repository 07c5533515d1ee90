"""Scan files and folders of this machine, without a database: every engine over all it handles."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from core.errors import ModelyardError
from core.sandbox.limits import Limits
from scanning.policy import FileScan, Fold, fold_file
from scanning.sandbox import BROKEN, Target, scan_proven
from scanning.scanners import Finding, Report, Scanner, ScannerOptions, Severity
from scanning.scanners.base import conclude, read_head

Progress = Callable[[str], None]
OURSELVES = "scan_path"  # what is found before any engine looks


@dataclass(slots=True)
class LocalFile:
    """One file as it was given, with its first bytes and the answers of the engines."""

    path: Path
    name: str
    size: int = 0
    head: bytes = b""
    reports: dict[str, Report] = field(default_factory=dict)
    understanding: set[str] = field(default_factory=set)

    @property
    def folded(self) -> Fold:
        verdicts = {slug: report.verdict for slug, report in self.reports.items()}
        words = {slug: _words(report) for slug, report in self.reports.items()}
        expected = frozenset(verdicts)
        understanding = frozenset(self.understanding)
        return fold_file(FileScan(self.name, expected, understanding, verdicts, words))


@dataclass(frozen=True, slots=True)
class Choice:
    """Engines to ask. `decisive`: they were named, so what they say is all that counts;
    `absent`: they are not set up here, and nobody waits for them."""

    engines: Sequence[type[Scanner]]
    decisive: bool = False
    absent: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class EngineState:
    """`status` is ok, or why the engine did not look or must not be believed."""

    scanner: type[Scanner]
    version: str
    status: str


@dataclass(frozen=True, slots=True)
class LocalScan:
    files: tuple[LocalFile, ...]
    engines: tuple[EngineState, ...]


def collect(paths: Sequence[str]) -> list[LocalFile]:
    """The files of these paths in their order; symlinks are named and never followed."""
    return [file for path in paths for file in _files_of(Path(path))]


def scan(
    files: Sequence[LocalFile],
    choice: Choice,
    options: ScannerOptions,
    limits: Limits,
    report: Progress = lambda _: None,
) -> LocalScan:
    """Fill in what every engine says; each proves itself on its canary first.

    An engine that is away or broken leaves the files it would have looked at incomplete.
    """
    looks = [_Look(cls(options), files, choice) for cls in choice.engines]
    with ThreadPoolExecutor(max_workers=max(1, min(2, os.cpu_count() or 1))) as pool:
        states = list(pool.map(lambda look: look.run(options, limits, report), looks))
    return LocalScan(tuple(files), tuple(states))


@dataclass(frozen=True, slots=True)
class _Look:
    """One engine over all the files that are its."""

    scanner: Scanner
    files: Sequence[LocalFile]
    choice: Choice

    def run(self, options: ScannerOptions, limits: Limits, report: Progress) -> EngineState:
        slug = self.scanner.slug
        mine = [
            file
            for file in self.files
            if OURSELVES not in file.reports
            and self.scanner.handles(PurePosixPath(file.name), file.head)
        ]
        report(f"{self.scanner.title}: {len(mine)} files")
        version, problem = self._version()
        answers: Sequence[Report] = ()
        if not problem:
            targets = [Target(file.path, file.name) for file in mine]
            proven = scan_proven(slug, targets, options, limits)
            problem, answers = proven.problem and f"{BROKEN}{proven.problem}", proven.reports
        if problem and slug in self.choice.absent:
            return EngineState(type(self.scanner), version, problem)
        if problem:
            answers = [Report.incomplete(problem)] * len(mine)
        for file, answer in zip(mine, answers, strict=True):
            file.reports[slug] = answer
            if self.scanner.understands_formats or self.choice.decisive:
                file.understanding.add(slug)
        return EngineState(type(self.scanner), version, problem or "ok")

    def _version(self) -> tuple[str, str]:
        if reason := self.scanner.unavailable():
            return "", f"unavailable: {reason}"
        try:
            return self.scanner.engine, ""
        except ModelyardError as error:
            return "", f"unavailable: {error.message}"


def _words(report: Report) -> str:
    return report.findings[0].message if report.findings else report.detail


def _files_of(root: Path) -> Iterator[LocalFile]:
    if root.is_symlink() or not root.is_dir():
        yield _file(root, str(root), root.parent)
        return
    for folder, folders, names in os.walk(root, onerror=_fail):
        folders.sort()
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in sorted([*names, *links]):
            path = Path(folder) / name
            yield _file(path, str(path), root)


def _fail(error: OSError) -> None:
    raise error


def _file(path: Path, name: str, root: Path) -> LocalFile:
    file = LocalFile(path, name)
    try:
        if path.is_symlink():
            file.reports[OURSELVES] = _link_report(path, root)
        elif not path.is_file():
            why = "no regular file" if path.exists() else "there is no such file"
            file.reports[OURSELVES] = Report.incomplete(why)
        else:
            file.size, file.head = path.stat().st_size, read_head(path)
    except OSError as error:
        file.reports[OURSELVES] = Report.incomplete(f"cannot be read: {error.strerror}")
    file.understanding |= file.reports.keys()
    return file


def _link_report(path: Path, root: Path) -> Report:
    """A link out of the folder makes whoever copies or loads it read another file."""
    goal = Path(os.path.normpath(path.parent.absolute() / path.readlink()))
    if goal.is_relative_to(root.absolute()):
        message = "is a link inside the folder, which is not followed"
        return conclude([Finding("symlink", Severity.LOW, message, str(path.readlink())[:200])])
    if _is_hub_cache(path, goal):
        return Report.incomplete(
            "is a link into the Hub's cache; scan its folder models--… instead"
        )
    message = "is a link that leads out of the folder"
    return conclude([Finding("symlink_escape", Severity.HIGH, message, str(path.readlink())[:200])])


def _is_hub_cache(path: Path, goal: Path) -> bool:
    """`snapshots/COMMIT/file` points to `blobs/HASH` of the same repository."""
    parts = path.absolute().parts
    if "snapshots" not in parts or goal.parent.name != "blobs":
        return False
    repository = Path(*parts[: len(parts) - 1 - parts[::-1].index("snapshots")])
    return goal.parent.parent == repository
