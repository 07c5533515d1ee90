"""Scan files and folders of this machine, without a database: every engine over all it handles."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from core.errors import ModelyardError
from core.sandbox.limits import Limits
from scanning.policy import FileScan, Fold, fold_file
from scanning.sandbox import BROKEN, Asked, Target, scan_proven
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
    looks = [_Look(cls(options), files) for cls in choice.engines]
    report(f"{len(files)} files, {len(looks)} engines")
    broken = _ask(looks, files, options, limits)
    states = tuple(look.conclude(choice, broken.get(look.slug, "")) for look in looks)
    return LocalScan(tuple(files), states)


def _ask(
    looks: Sequence[_Look], files: Sequence[LocalFile], options: ScannerOptions, limits: Limits
) -> dict[str, str]:
    """Note all answers, those on one file by one child; say how engines are broken that are."""
    children = max(1, min(2, os.cpu_count() or 1))
    there = [look.slug for look in looks if not look.problem]

    def ask(share: int) -> Mapping[str, str]:
        mine = files[share::children]
        order = [(look, file) for file in mine for look in looks if look.concerns(file)]
        asked = [Asked(look.slug, Target(file.path, file.name)) for look, file in order]
        proven = scan_proven(asked, options, limits, besides=there if share == 0 else ())
        for (look, file), answer in zip(order, proven.reports, strict=True):
            file.reports[look.slug] = answer
        return proven.problems

    with ThreadPoolExecutor(max_workers=children) as pool:
        found = list(pool.map(ask, range(children)))
    return {slug: why for problems in found for slug, why in problems.items()}


class _Look:
    """One engine over all the files that are its."""

    def __init__(self, scanner: Scanner, files: Sequence[LocalFile]) -> None:
        self.scanner, self.slug = scanner, scanner.slug
        self.version, self.problem = self._version()
        self._mine = {id(file) for file in files if self._handles(file)}
        self._files = files

    def concerns(self, file: LocalFile) -> bool:
        return not self.problem and id(file) in self._mine

    def conclude(self, choice: Choice, broken: str) -> EngineState:
        """Believe the answers if the canary was flagged; else those files are incomplete."""
        problem = self.problem or (broken and f"{BROKEN}{broken}")
        mine = [file for file in self._files if id(file) in self._mine]
        absent = problem and self.slug in choice.absent
        for file in mine if not absent else ():
            if problem:
                file.reports[self.slug] = Report.incomplete(problem)
            if self.scanner.understands_formats or choice.decisive:
                file.understanding.add(self.slug)
        for file in mine if absent else ():
            file.reports.pop(self.slug, None)
        return EngineState(type(self.scanner), self.version, problem or "ok")

    def _handles(self, file: LocalFile) -> bool:
        if OURSELVES in file.reports:
            return False
        return self.scanner.handles(PurePosixPath(file.name), file.head)

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
