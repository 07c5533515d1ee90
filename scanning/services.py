"""Scan the contents of a version with every engine that covers them and answer the malware gate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from django.conf import settings
from django.utils import timezone

from core.errors import ScanFailedError
from core.plain_values import plain_values
from core.sandbox.limits import Limits
from core.storage.configured import content_store
from core.storage.faults import local_faults
from registry.enums import Gate, GateOutcome, ScanVerdict
from registry.models import WANTED, ModelVersion
from registry.services.gates import record_gate, record_scan_verdict
from scanning import selectors
from scanning.models import Scan
from scanning.policy import FileScan, Fold, fold
from scanning.sandbox import Target, scan_files
from scanning.scanners import (
    ClamdAddress,
    Report,
    Scanner,
    ScannerOptions,
    Severity,
    Verdict,
    scanners,
)
from scanning.scanners.base import HEAD_BYTES
from scanning.twins import FOUND, Found, hold_twins
from scanning.warned import objection_of_source

Progress = Callable[[int, int, str], None]
BATCH = 64
_OUTCOMES = {
    Verdict.CLEAN: GateOutcome.PASSED,
    Verdict.SUSPICIOUS: GateOutcome.FAILED,
    Verdict.UNSAFE: GateOutcome.FAILED,
    Verdict.INCOMPLETE: GateOutcome.UNKNOWN,
}


def options() -> ScannerOptions:
    """What the settings say to the engines."""
    clamd = None
    if settings.CLAMD_SOCKET or settings.CLAMD_HOST:
        host = "" if settings.CLAMD_SOCKET else settings.CLAMD_HOST
        clamd = ClamdAddress(socket=settings.CLAMD_SOCKET, host=host, port=settings.CLAMD_PORT)
    return ScannerOptions(clamd=clamd, scratch=settings.SCRATCH_DIR)


def engines() -> list[Scanner]:
    """The engines that must look at a version: clamav only where clamd is configured.

    An engine that is configured and away raises ScanFailedError: it is waited for, never left out.
    """
    chosen = options()
    present = [cls(chosen) for cls in scanners if cls.slug != "clamav" or chosen.clamd]
    for engine in present:
        if reason := engine.unavailable():
            raise ScanFailedError(f"{engine.title} cannot scan now: {reason}", engine=engine.slug)
    return present


def absent_engines() -> list[dict[str, str]]:
    """Engines that are not configured here, and so look at nothing."""
    if settings.CLAMD_SOCKET or settings.CLAMD_HOST:
        return []
    return [{"title": "ClamAV", "why": "clamd is not configured here"}]


@dataclass(frozen=True, slots=True)
class Look:
    """One engine's look at one content; `name` is one of the paths it has."""

    scanner: Scanner
    engine: str
    sha256: str
    name: str
    variant: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        return (self.sha256, self.scanner.slug, self.engine, self.variant)


def scan_version(version: ModelVersion, *, report: Progress, again: bool = False) -> Fold:
    """Scan what no engine has seen yet and fold all answers into the version's verdict.

    Contents are scanned once per engine and rules, whatever the number of versions that hold them;
    an answer that was incomplete is asked for again. Whatever is found is told to the other
    versions that hold the same content.
    """
    with local_faults(f"Scratch folder {settings.SCRATCH_DIR}"):
        settings.SCRATCH_DIR.mkdir(parents=True, exist_ok=True)
    looks = list(_looks(version, engines()))
    known = {} if again else _known(looks)
    todo = [look for look in looks if look.key not in known]
    done = len(looks) - len(todo)
    for slug, mine in _by_engine(todo).items():
        for batch in _batches(mine):
            report(done, len(looks), f"{slug}: {batch[0].name}")
            _scan_batch(slug, batch)
            done += len(batch)
    report(done, len(looks), "")
    folded = answer_gate(version, looks)
    for found in _findings(looks):
        hold_twins(version, found)
    return folded


def _findings(looks: Sequence[Look]) -> Iterator[Found]:
    """What other versions with the same contents have to be told."""
    reports = _reports(looks)
    for look in looks:
        report = reports.get(look.key)
        if report is not None and report.verdict in FOUND:
            words = _worst_words(report)
            yield Found(look.scanner, look.sha256, look.variant, report.verdict, words)


def _batches(looks: Sequence[Look]) -> Iterator[tuple[Look, ...]]:
    for start in range(0, len(looks), BATCH):
        yield tuple(looks[start : start + BATCH])


def _by_engine(looks: Sequence[Look]) -> dict[str, list[Look]]:
    found: dict[str, list[Look]] = defaultdict(list)
    for look in looks:
        found[look.scanner.slug].append(look)
    return found


def _looks(version: ModelVersion, present: Sequence[Scanner]) -> Iterator[Look]:
    """Every (engine, content, variant) of a version, each once."""
    store = content_store()
    names = [(engine, engine.engine) for engine in present]
    seen: set[tuple[str, str, str, str]] = set()
    for sha256, files in selectors.paths_by_content(version).items():
        head = store.read_range(sha256, 0, HEAD_BYTES)
        for file in files:
            path = PurePosixPath(file.path)
            for scanner, engine in names:
                if not scanner.handles(path, head):
                    continue
                look = Look(scanner, engine, sha256, file.path, scanner.variant(path))
                if look.key not in seen:
                    seen.add(look.key)
                    yield look


def _known(looks: Sequence[Look]) -> dict[tuple[str, str, str, str], Scan]:
    rows = Scan.objects.filter(sha256__in={look.sha256 for look in looks}).exclude(
        verdict=ScanVerdict.INCOMPLETE
    )
    return {(row.sha256, row.scanner, row.engine, row.variant): row for row in rows}


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


def answer_gate(version: ModelVersion, looks: Sequence[Look]) -> Fold:
    """Fold the reports of today's engines over all files and record the gate's answer."""
    reports = _reports(looks)
    folded = fold(_file_scans(version, looks, reports))
    outcome, reason = _OUTCOMES[folded.verdict], _sentence(version, folded, looks)
    objection = objection_of_source(version)
    if objection and outcome != GateOutcome.FAILED:
        outcome, reason = GateOutcome.FAILED, f"{objection} Our own scan: {reason}"
    record_scan_verdict(version=version, verdict=ScanVerdict(folded.verdict.value))
    record_gate(
        version=version,
        gate=Gate.MALWARE,
        outcome=outcome,
        reason=reason,
        evidence={
            "source": objection,
            "verdict": folded.verdict.value,
            "engines": sorted({f"{look.scanner.slug} {look.engine}" for look in looks}),
            "files": version.files.filter(WANTED).count(),
            "reasons": list(folded.reasons[:50]),
        },
    )
    return folded


def _reports(looks: Sequence[Look]) -> dict[tuple[str, str, str, str], Scan]:
    rows = Scan.objects.filter(sha256__in={look.sha256 for look in looks})
    return {(row.sha256, row.scanner, row.engine, row.variant): row for row in rows}


def _file_scans(
    version: ModelVersion,
    looks: Sequence[Look],
    reports: dict[tuple[str, str, str, str], Scan],
) -> Iterator[FileScan]:
    by_content: dict[str, list[Look]] = defaultdict(list)
    for look in looks:
        by_content[look.sha256].append(look)
    for file in version.files.filter(WANTED):
        path = PurePosixPath(file.path)
        mine = [
            look
            for look in by_content.get(file.sha256, [])
            if look.variant == look.scanner.variant(path)
        ]
        yield FileScan(
            path=file.path,
            expected=frozenset(look.scanner.slug for look in mine),
            understanding=frozenset(
                look.scanner.slug for look in mine if look.scanner.understands_formats
            ),
            verdicts={
                look.scanner.slug: Verdict(reports[look.key].verdict)
                for look in mine
                if look.key in reports
            },
            words={
                look.scanner.slug: _worst_words(reports[look.key])
                for look in mine
                if look.key in reports
            },
        )


def _worst_words(scan: Scan) -> str:
    """What the engine found that is worst, else why it could not tell."""
    order = [severity.value for severity in Severity]
    worst = max(scan.findings, key=lambda one: order.index(one["severity"]), default=None)
    return str(worst["message"] if worst else scan.detail)


def _sentence(version: ModelVersion, folded: Fold, looks: Sequence[Look]) -> str:
    """Say in one line what a person must know: the worst finding and where it is."""
    if folded.verdict == Verdict.CLEAN:
        count = len({look.scanner.slug for look in looks})
        files = version.files.filter(WANTED).count()
        return f"Clean. {count} engines, all {files} files read."
    first = folded.reasons[0] if folded.reasons else ""
    more = f" and {len(folded.reasons) - 1} more" if len(folded.reasons) > 1 else ""
    return f"{folded.verdict.capitalize()}: {first}{more}."
