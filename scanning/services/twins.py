"""Other versions that hold a content in which something was found: they are decided again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from django.db import transaction
from django.db.models import Q, QuerySet

from core.storage.configured import content_store
from registry import audit
from registry.enums import Admission, Gate, GateOutcome, ScanVerdict
from registry.models import SERVED, Model, ModelFile, ModelVersion
from registry.services.gates import decide, record_gate, record_scan_verdict
from scanning.models import Scan
from scanning.policy import FOUND
from scanning.scanners import Scanner
from scanning.scanners.base import HEAD_BYTES
from scanning.selectors import waivers_in_force
from scanning.services.held import hold_found, with_held
from scanning.services.lifted import Told, told_by

# A verdict that another version is given by a shared content, and those that it is worse than.
_TURNS: dict[str, Q] = {
    ScanVerdict.UNSAFE.value: ~Q(scan_verdict=ScanVerdict.UNSAFE),
    ScanVerdict.SUSPICIOUS.value: ~Q(scan_verdict__in=[ScanVerdict.UNSAFE, ScanVerdict.SUSPICIOUS]),
}


@dataclass(frozen=True, slots=True)
class Found:
    """What one engine found in a content: `variant` is what besides the bytes decided it."""

    scanner: Scanner
    variant: str
    report: Scan

    def told(self) -> Told:
        """What of it counts now, less what is accepted."""
        waivers = waivers_in_force([self.report.sha256])
        return told_by(self.report, self.scanner, waivers.get(self.report.sha256, ()))

    def concerns(self, path: PurePosixPath, head: bytes) -> bool:
        """Say whether the engine would answer the same about the content under this path."""
        return self.scanner.handles(path, head) and self.scanner.variant(path) == self.variant


def hold_twins(version: ModelVersion, found: Found) -> int:
    """Give a finding to every other version that holds the content; say how many had it not yet.

    Each is decided in a transaction of its own. Who has the verdict already is left alone, so a
    worker that died in between is simply followed by another.
    """
    files = list(_files(version, found))
    if not files:
        return 0
    head = content_store().read_range(found.report.sha256, 0, HEAD_BYTES)
    return sum(
        _hold(file, found) for file in files if found.concerns(PurePosixPath(file.path), head)
    )


def _files(version: ModelVersion, found: Found) -> QuerySet[ModelFile]:
    files = ModelFile.objects.filter(SERVED, sha256=found.report.sha256, content__isnull=False)
    others = ModelVersion.objects.filter(_TURNS[found.report.verdict]).exclude(
        Q(pk=version.pk) | Q(admission=Admission.WITHDRAWN)
    )
    return files.filter(version__in=others).order_by("version_id", "path")


@transaction.atomic
def _hold(file: ModelFile, found: Found) -> bool:
    """Answer the malware gate anew and decide, unless somebody did so or accepted it meanwhile."""
    held = ModelVersion.objects.filter(pk=file.version_id)
    model = held.values_list("model_id", flat=True).first()
    if model is None:
        return False
    Model.objects.select_for_update().get(pk=model)  # first, as everywhere
    told = found.told()
    if told.verdict not in FOUND:
        return False
    waiting = ModelVersion.objects.filter(_TURNS[told.verdict], pk=file.version_id)
    version = waiting.select_for_update(of=("self",)).select_related("model").first()
    if version is None:
        return False
    before = version.admission
    words = f"{told.words} ({found.scanner.slug})"
    reason = f"{told.verdict.capitalize()}: {file.path}: {words}."
    if not version.files.filter(SERVED, pk=file.pk).exists():
        return False
    if hold_found(version, {file.path: (told.verdict, words)}):
        _tell_held(version)
    else:
        _tell_found(version, found, told, reason)
    after = before
    if before != Admission.PENDING:  # its own run decides that one
        after = decide(version=version).admission
    audit.record(
        actor="yard",
        action="version.finding",
        subject_type="version",
        subject=str(version),
        outcome=told.verdict,
        reason=reason,
        details={"before": before, "after": after, "path": file.path, "sha256": file.sha256},
    )
    return True


def _tell_found(version: ModelVersion, found: Found, told: Told, reason: str) -> None:
    """The gate fails by this finding; whose scan it was keeps it open to what is accepted later."""
    known = version.gates.filter(gate=Gate.MALWARE).first()
    record_gate(
        version=version,
        gate=Gate.MALWARE,
        outcome=GateOutcome.FAILED,
        reason=reason,
        evidence={
            "verdict": told.verdict,
            "engines": [f"{found.scanner.slug} {found.report.engine}"],
            "scanned_by": known.evidence.get("scanned_by", []) if known else [],
        },
    )
    record_scan_verdict(version=version, verdict=ScanVerdict(told.verdict))


def _tell_held(version: ModelVersion) -> None:
    """The gate's answer stays; it names the files that are held back now."""
    answer = version.gates.filter(gate=Gate.MALWARE).first()
    if answer is None:
        return
    held = dict(version.files.exclude(held_back="").values_list("path", "held_back"))
    said = str(answer.evidence.get("said") or answer.reason)
    record_gate(
        version=version,
        gate=Gate.MALWARE,
        outcome=GateOutcome(answer.outcome),
        reason=with_held(said, held),
        evidence={**answer.evidence, "said": said, "held_back": held},
    )
