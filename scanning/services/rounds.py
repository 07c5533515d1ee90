"""Scan the contents of a version with every engine that covers them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings
from django.utils import timezone

from core.plain_values import plain_values
from core.sandbox.limits import Limits
from core.storage.configured import content_store
from core.storage.faults import local_faults
from registry.enums import ScanVerdict
from registry.models import ModelVersion
from scanning.models import Scan
from scanning.policy import Fold
from scanning.sandbox import Target, scan_files
from scanning.scanners import Report
from scanning.services.answers import answer_gate, findings_to_tell
from scanning.services.engines import engines, named, options
from scanning.services.looks import Key, Look, looks_at, reports_on
from scanning.services.twins import hold_twins

Progress = Callable[[int, int, str], None]
BATCH = 64


def scan_version(version: ModelVersion, *, report: Progress, again: bool = False) -> Fold:
    """Scan what no engine has seen yet and fold all answers into the version's verdict.

    Contents are scanned once per engine and rules, whatever the number of versions that hold them;
    an answer that was incomplete is asked for again. Whatever is found is told to the other
    versions that hold the same content.
    """
    present = engines()
    by = named(present)
    looks = list(looks_at(version, present))
    look(looks, report=report, again=again)
    folded = answer_gate(version, looks, by=by)
    tell_twins(version, looks)
    return folded


def look(looks: Sequence[Look], *, report: Progress, again: bool = False) -> list[Look]:
    """Let the engines look where they have not answered yet; give those looks."""
    with local_faults(f"Scratch folder {settings.SCRATCH_DIR}"):
        settings.SCRATCH_DIR.mkdir(parents=True, exist_ok=True)
    known = {} if again else _known(looks)
    todo = [look for look in looks if look.key not in known]
    done = len(looks) - len(todo)
    for slug, mine in _by_engine(todo).items():
        for batch in _batches(mine):
            report(done, len(looks), f"{slug}: {batch[0].name}")
            _scan_batch(slug, batch)
            done += len(batch)
    report(done, len(looks), "")
    return todo


def tell_twins(version: ModelVersion, looks: Sequence[Look]) -> None:
    """Hold every other version with a content in which something was found."""
    for found in findings_to_tell(looks):
        hold_twins(version, found)


def _batches(looks: Sequence[Look]) -> Iterator[tuple[Look, ...]]:
    for start in range(0, len(looks), BATCH):
        yield tuple(looks[start : start + BATCH])


def _by_engine(looks: Sequence[Look]) -> dict[str, list[Look]]:
    found: dict[str, list[Look]] = defaultdict(list)
    for look in looks:
        found[look.scanner.slug].append(look)
    return found


def _known(looks: Sequence[Look]) -> dict[Key, Scan]:
    reports = reports_on(looks)
    return {key: row for key, row in reports.items() if row.verdict != ScanVerdict.INCOMPLETE}


def _scan_batch(slug: str, batch: Sequence[Look]) -> None:
    limits = Limits(wall_seconds=settings.SCAN_TIMEOUT, cpu_seconds=settings.SCAN_TIMEOUT)
    with _local_files(batch) as targets:
        reports = scan_files(slug, targets, options(), limits)
    for look, report in zip(batch, reports, strict=True):
        _keep(look, report)


@contextmanager
def _local_files(batch: Sequence[Look]) -> Iterator[list[Target]]:
    """Local paths of contents: the store's own file, or a copy for as long as it is needed."""
    store = content_store()
    with TemporaryDirectory(prefix="look-", dir=settings.SCRATCH_DIR) as folder:
        yield [
            Target(
                store.local_path(look.sha256) or store.materialize(look.sha256, Path(folder)),
                look.name,
            )
            for look in batch
        ]


def _keep(look: Look, report: Report) -> None:
    data = plain_values(report.to_json())
    Scan.objects.update_or_create(
        sha256=look.sha256,
        scanner=look.scanner.slug,
        engine=look.engine,
        variant=look.variant,
        defaults={
            "verdict": report.verdict.value,
            "findings": data["findings"],
            "coverage": report.coverage.value,
            "detail": data["detail"],
            "scanned_at": timezone.now(),
        },
    )
