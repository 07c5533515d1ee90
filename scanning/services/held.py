"""Which files of a version are held back: worked out from its scan, written with the version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from core.scratch import scratch_folder
from core.storage.configured import content_store
from downloads.planning.formats import format_of
from registry.models import WANTED, ModelFile, ModelVersion
from registry.services.holding import hold_back
from registry.source_scan import KEY, read_source_scan
from scanning.policy import Fold
from scanning.safe_twins import Scanned, held_back, warned_of
from scanning.sandbox import Target
from scanning.scanners import Verdict
from scanning.tables.reading import read_tables
from scanning.tables.table import Table

Verdicts = Mapping[str, tuple[Verdict, str]]
_END = 32 << 20  # a directory, or the pickle of a table, is shorter in all but odd files


def spare_files(version: ModelVersion, folds: Mapping[str, Fold]) -> dict[str, str]:
    """Say which files the scan leaves unclean and nobody misses, and why; writes nothing.

    What the source warns of counts like a finding.
    """
    verdicts = {path: (fold.verdict, _words(path, fold)) for path, fold in folds.items()}
    return _spare(version, list(version.files.filter(WANTED)), verdicts)


def hold(version: ModelVersion, reasons: Mapping[str, str]) -> None:
    """Hold back exactly these files of a version; all others are served with it."""
    hold_back(version=version, reasons=reasons, format_of=format_of)


def hold_found(version: ModelVersion, found: Verdicts) -> bool:
    """Hold back these paths too, where nobody misses them; false where one is needed.

    What is known of the other files stays as it is.
    """
    files = list(version.files.filter(WANTED))
    known = {file.path: file.held_back for file in files if file.held_back}
    before = {path: (Verdict.INCOMPLETE, why) for path, why in known.items()}
    reasons = _spare(version, files, {**before, **found})
    if not reasons.keys() >= found.keys():
        return False
    hold(version, {**reasons, **known})
    return True


def hold_warned(version: ModelVersion) -> None:
    """Before anything is fetched: leave where it is what the source warns of and nobody misses.

    What it warned of before and does not any more is fetched again.
    """
    files = list(version.files.filter(WANTED))
    reasons = {file.path: file.held_back for file in files if file.held_back and file.content_id}
    reasons |= _spare(version, [file for file in files if file.path not in reasons], {})
    hold(version, reasons)


def with_held(said: str, held: Iterable[str]) -> str:
    """Add to what a gate says which files are held back."""
    paths = sorted(held)
    if not paths:
        return said
    if len(paths) == 1:
        return f"{said} {paths[0]} is held back."
    return f"{said} {paths[0]} and {len(paths) - 1} more are held back."


def _spare(version: ModelVersion, files: Sequence[ModelFile], verdicts: Verdicts) -> dict[str, str]:
    said = read_source_scan(version.facts.get(KEY))
    warnings = said.warnings if said else {}
    scanned = {}
    for file in files:
        verdict, words = verdicts.get(file.path, (Verdict.CLEAN, ""))
        if file.path in warnings and verdict not in (Verdict.UNSAFE, Verdict.SUSPICIOUS):
            scanned[file.path] = warned_of(file.path, file.size, warnings[file.path])
        else:
            scanned[file.path] = Scanned(file.path, file.size, verdict, words)
    if all(one.verdict is Verdict.CLEAN for one in scanned.values()):
        return {}
    return held_back(scanned, _Tables({file.path: file for file in files}).of)


def _words(path: str, fold: Fold) -> str:
    return fold.reasons[0].removeprefix(f"{path}: ") if fold.reasons else ""


@dataclass(frozen=True, slots=True)
class _Tables:
    """Tables of stored files; of what is not stored nothing is known."""

    files: Mapping[str, ModelFile]

    def of(self, paths: Sequence[str]) -> Table | None:
        files = [self.files[path] for path in paths]
        if not all(file.content_id for file in files):
            return None
        store = content_store()
        settings.SCRATCH_DIR.mkdir(parents=True, exist_ok=True)
        with scratch_folder(settings.SCRATCH_DIR, "twin-") as folder:
            targets = [
                Target(store.local_path(file.sha256) or _ends(file, folder), file.path)
                for file in files
            ]
            return read_tables(targets, settings.SCRATCH_DIR)


def _ends(file: ModelFile, folder: Path) -> Path:
    """A file of the same size with its two ends, where tables are: the rest stays in the store."""
    path, store = folder / file.sha256, content_store()
    with path.open("wb") as copy:
        copy.truncate(file.size)
        copy.write(store.read_range(file.sha256, 0, min(_END, file.size)))
        if file.size > _END:
            start = max(_END, file.size - _END)
            copy.seek(start)
            copy.write(store.read_range(file.sha256, start, file.size - start))
    return path
