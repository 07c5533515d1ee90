"""Scan the contents of a version with every engine that covers them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from core.plain_values import plain_values
from core.sandbox.limits import Limits
from core.scratch import scratch_folder, sweep_scratch
from core.storage.configured import content_store
from core.storage.faults import local_faults
from registry.enums import ScanVerdict
from registry.models import ModelVersion
from scanning import selectors
from scanning.models import Scan
from scanning.policy import Fold
from scanning.sandbox import Asked, Target, scan_proven
from scanning.scanners import Report, Scanner
from scanning.services.answers import answer_gate, findings_to_tell
from scanning.services.engines import Named, engines, named, options
from scanning.services.given_back import give_back
from scanning.services.inbox import note_formats, refresh_findings
from scanning.services.looks import Key, Look, looks_at, reports_on
from scanning.services.proving import note_answer
from scanning.services.twins import hold_twins

Progress = Callable[[int, int, str], None]
BATCH = 64  # contents that a child looks at before answers are kept
BATCH_BYTES = 1 << 30  # which may have to be brought from an object store


def scan_version(version: ModelVersion, *, report: Progress, again: bool = False) -> Fold:
    """Scan what no engine has seen yet and fold all answers into the version's verdict.

    Contents are scanned once per engine and rules, whatever the number of versions that hold them;
    an answer that was incomplete is asked for again. Whatever is found is told to the other
    versions that hold the same content.
    """
    present = engines()
    by = named(present)
    looks = list(looks_at(version, present))
    look(version, looks, report=report, again=again)
    folded = answer_gate(version, looks, by=by)
    tell_others(version, looks, present, by=by)
    return folded


def look(
    version: ModelVersion, looks: Sequence[Look], *, report: Progress, again: bool = False
) -> list[Look]:
    """Let the engines look where they have not answered yet; give those looks."""
    with _scratch_faults():
        settings.SCRATCH_DIR.mkdir(parents=True, exist_ok=True)
    sweep_scratch(settings.SCRATCH_DIR)
    known = {} if again else _known(looks)
    _note_formats(version, looks)
    todo = [look for look in looks if look.key not in known]
    done = len(looks) - len(todo)
    for batch in _batches(todo):
        report(done, len(looks), batch[0].name)
        _scan_batch(batch)
        done += len(batch)
    report(done, len(looks), "")
    return todo


def tell_others(
    version: ModelVersion, looks: Sequence[Look], present: Sequence[Scanner], *, by: Named
) -> None:
    """Hold other versions by what was found; serve what they hold back and what is clean."""
    for found in findings_to_tell(looks):
        hold_twins(version, found)
    give_back(version, looks, present, by=by)


def _note_formats(version: ModelVersion, looks: Sequence[Look]) -> None:
    understood = {look.sha256 for look in looks if look.scanner.understands_formats}
    unknown = selectors.paths_by_content(version).keys() - understood
    note_formats(unknown=unknown, known=understood)


def _batches(looks: Sequence[Look]) -> Iterator[list[Look]]:
    """All looks at a content in a row and in one batch: its bytes are brought and read once."""
    store = content_store()
    batch: list[Look] = []
    contents = size = 0
    for sha256, mine in _by_content(looks).items():
        more = store.stat(sha256)
        if batch and (contents == BATCH or size + more > BATCH_BYTES):
            yield batch
            batch, contents, size = [], 0, 0
        batch, contents, size = [*batch, *mine], contents + 1, size + more
    if batch:
        yield batch


def _by_content(looks: Sequence[Look]) -> dict[str, list[Look]]:
    found: dict[str, list[Look]] = defaultdict(list)
    for look in looks:
        found[look.sha256].append(look)
    return found


def _known(looks: Sequence[Look]) -> dict[Key, Scan]:
    reports = reports_on(looks)
    return {key: row for key, row in reports.items() if row.verdict != ScanVerdict.INCOMPLETE}


def _scan_batch(batch: Sequence[Look]) -> None:
    limits = Limits(wall_seconds=settings.SCAN_TIMEOUT, cpu_seconds=settings.SCAN_TIMEOUT)
    with _scratch_faults(), _local_files(batch) as asked:
        sizes = [one.target.path.stat().st_size for one in asked]
        proven = scan_proven(asked, options(), limits)
    for slug, look in {look.scanner.slug: look for look in batch}.items():
        note_answer(look.scanner, look.engine, proven.problems.get(slug, ""))
    with transaction.atomic():
        for look, size, report in zip(batch, sizes, proven.reports, strict=True):
            _keep(look, size, report)
        refresh_findings(look.sha256 for look in batch)


def _scratch_faults() -> AbstractContextManager[None]:
    return local_faults(f"Scratch folder {settings.SCRATCH_DIR}")


@contextmanager
def _local_files(batch: Sequence[Look]) -> Iterator[list[Asked]]:
    """Local paths of contents: the store's own file, or a copy for as long as it is needed."""
    store = content_store()
    with scratch_folder(settings.SCRATCH_DIR, "look-") as folder:
        paths = {
            sha256: store.local_path(sha256) or store.materialize(sha256, folder)
            for sha256 in dict.fromkeys(look.sha256 for look in batch)
        }
        yield [Asked(look.scanner.slug, Target(paths[look.sha256], look.name)) for look in batch]


def _keep(look: Look, size: int, report: Report) -> None:
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
            "covered_bytes": report.covered_of(size),
            "detail": data["detail"],
            "scanned_at": timezone.now(),
        },
    )
