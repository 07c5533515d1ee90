"""Other versions that hold a content in which something was found: they are decided again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from django.db import transaction
from django.db.models import Q, QuerySet

from core.storage.configured import content_store
from registry import audit
from registry.enums import Admission, Gate, GateOutcome, ScanVerdict
from registry.models import TAKEN, Model, ModelFile, ModelVersion
from registry.services.gates import decide, record_gate, record_scan_verdict
from scanning.scanners import Scanner
from scanning.scanners.base import HEAD_BYTES

# A verdict that another version is given by a shared content, and those that it is worse than.
_TURNS: dict[str, Q] = {
    ScanVerdict.UNSAFE.value: ~Q(scan_verdict=ScanVerdict.UNSAFE),
    ScanVerdict.SUSPICIOUS.value: ~Q(scan_verdict__in=[ScanVerdict.UNSAFE, ScanVerdict.SUSPICIOUS]),
}
FOUND = frozenset(_TURNS)


@dataclass(frozen=True, slots=True)
class Found:
    """What one engine found in a content: `variant` is what besides the bytes decided it."""

    scanner: Scanner
    sha256: str
    variant: str
    verdict: str
    words: str

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
    head = content_store().read_range(found.sha256, 0, HEAD_BYTES)
    return sum(
        _hold(file, found) for file in files if found.concerns(PurePosixPath(file.path), head)
    )


def _files(version: ModelVersion, found: Found) -> QuerySet[ModelFile]:
    files = ModelFile.objects.filter(TAKEN, sha256=found.sha256, content__isnull=False)
    others = ModelVersion.objects.filter(_TURNS[found.verdict]).exclude(
        Q(pk=version.pk) | Q(admission=Admission.WITHDRAWN)
    )
    return files.filter(version__in=others).order_by("version_id", "path")


@transaction.atomic
def _hold(file: ModelFile, found: Found) -> bool:
    """Answer the malware gate anew and decide, unless somebody did so meanwhile."""
    waiting = ModelVersion.objects.filter(_TURNS[found.verdict], pk=file.version_id)
    model = waiting.values_list("model_id", flat=True).first()
    if model is None:
        return False
    Model.objects.select_for_update().get(pk=model)  # first, as everywhere
    version = waiting.select_for_update(of=("self",)).select_related("model").first()
    if version is None:
        return False
    before = version.admission
    reason = f"{found.verdict.capitalize()}: {file.path}: {found.words} ({found.scanner.slug})."
    record_gate(
        version=version,
        gate=Gate.MALWARE,
        outcome=GateOutcome.FAILED,
        reason=reason,
        evidence={"verdict": found.verdict, "engines": [found.scanner.engine]},
    )
    record_scan_verdict(version=version, verdict=ScanVerdict(found.verdict))
    after = before
    if before != Admission.PENDING:  # its own run decides that one
        after = decide(version=version).admission
    audit.record(
        actor="yard",
        action="version.finding",
        subject_type="version",
        subject=str(version),
        outcome=found.verdict,
        reason=reason,
        details={"before": before, "after": after, "path": file.path, "sha256": file.sha256},
    )
    return True
