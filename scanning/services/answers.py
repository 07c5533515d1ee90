"""Fold what engines said of a version into the answer of its malware gate."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from django.db import transaction
from django.utils import timezone

from registry.enums import Gate, GateOutcome, ScanVerdict
from registry.models import WANTED, ModelVersion
from registry.services.gates import record_gate, record_scan_verdict
from scanning.models import Scan, VersionScan
from scanning.policy import FileScan, Fold, fold
from scanning.scanners import Severity, Verdict
from scanning.services.engines import Named
from scanning.services.looks import Key, Look, reports_on
from scanning.services.twins import FOUND, Found
from scanning.services.warned import objection_of_source

_OUTCOMES = {
    Verdict.CLEAN: GateOutcome.PASSED,
    Verdict.SUSPICIOUS: GateOutcome.FAILED,
    Verdict.UNSAFE: GateOutcome.FAILED,
    Verdict.INCOMPLETE: GateOutcome.UNKNOWN,
}


def fold_of(version: ModelVersion, looks: Sequence[Look]) -> Fold:
    """Fold the reports of today's engines over all files; nothing is written."""
    return fold(_file_scans(version, looks, reports_on(looks)))


@transaction.atomic
def answer_gate(version: ModelVersion, looks: Sequence[Look], *, by: Named) -> Fold:
    """Fold the reports of today's engines over all files and record the gate's answer."""
    folded = fold_of(version, looks)
    outcome, reason = _OUTCOMES[folded.verdict], _sentence(version, folded, looks)
    objection = objection_of_source(version)
    if objection and outcome != GateOutcome.FAILED:
        outcome, reason = GateOutcome.FAILED, f"{objection} Our own scan: {reason}"
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
    record_scan_verdict(version=version, verdict=ScanVerdict(folded.verdict.value))
    VersionScan.objects.update_or_create(
        version=version,
        defaults={"rules": by.rules, "signatures": by.signatures, "at": timezone.now()},
    )
    return folded


def findings_to_tell(looks: Sequence[Look]) -> Iterator[Found]:
    """What other versions with the same contents have to be told."""
    reports = reports_on(looks)
    for look in looks:
        report = reports.get(look.key)
        if report is not None and report.verdict in FOUND:
            words = _worst_words(report)
            yield Found(look.scanner, look.sha256, look.variant, report.verdict, words)


def _file_scans(
    version: ModelVersion,
    looks: Sequence[Look],
    reports: dict[Key, Scan],
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
