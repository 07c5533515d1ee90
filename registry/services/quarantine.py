"""Rotten bytes: no version hands them out from the moment they are known; new bytes heal all."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from core.plain_values import plain_text
from core.storage.configured import content_store
from registry import audit
from registry.enums import Admission, Gate, GateOutcome
from registry.models import WANTED, Content, GateResult, Model, ModelFile, ModelVersion
from registry.services.contents import attach_contents, hold_hash
from registry.services.gates import decide, record_gate


def quarantine(*, sha256: str, reason: str) -> int:
    """Take a content out of every version that has it, and say how many versions that are.

    First the files lose it, at once; then each version is held, with the reason and in the audit
    trail; last the bytes are moved aside. Done again after a crash, it goes on where it ended.
    """
    found = _take_out(sha256, reason)
    if found is None:
        return 0
    for version_id in found.quarantined_from:
        _hold(version_id, found)
    with transaction.atomic():
        hold_hash(sha256)
        if Content.objects.filter(pk=sha256, quarantined_at__isnull=False).exists():
            content_store().set_aside(sha256)
    return len(found.quarantined_from)


@transaction.atomic
def _take_out(sha256: str, reason: str) -> Content | None:
    hold_hash(sha256)
    content = Content.objects.select_for_update().filter(pk=sha256).first()
    if content is None or content.quarantined_at:
        return content
    files = ModelFile.objects.filter(content=sha256)
    had = files.order_by("version_id").values_list("version_id", flat=True).distinct()
    content.quarantined_from = sorted({*content.quarantined_from, *had})
    content.quarantined_at, content.quarantine_reason = timezone.now(), plain_text(reason)[:400]
    content.save()
    files.update(content=None)
    audit.record(
        actor="yard",
        action="content.quarantine",
        subject_type="content",
        subject=sha256,
        reason=content.quarantine_reason,
        details={"size": content.size, "versions": len(content.quarantined_from)},
    )
    return content


@transaction.atomic
def _hold(version_id: int, content: Content) -> None:
    """Answer the integrity gate of a version anew and decide, unless that was done already."""
    version = _locked(version_id)
    if version is None:
        return
    answer = GateResult.objects.filter(version=version, gate=Gate.INTEGRITY).first()
    evidence = answer.evidence if answer and answer.outcome == GateOutcome.FAILED else {}
    known = list(evidence.get("quarantined", []))
    if content.pk in known:
        return
    path = version.files.filter(sha256=content.pk).values_list("path", flat=True).first()
    record_gate(
        version=version,
        gate=Gate.INTEGRITY,
        outcome=GateOutcome.FAILED,
        reason=f"{path}: {content.quarantine_reason} Import it again to fetch the file anew.",
        evidence={"quarantined": [*known, content.pk]},
    )
    _decide(version)


@transaction.atomic
def heal(sha256: str) -> int:
    """Give a content that was stored anew to the versions that lost it; say how many."""
    hold_hash(sha256)
    content = Content.objects.filter(pk=sha256, quarantined_at__isnull=True).first()
    if content is None or not content.quarantined_from:
        return 0
    had = list(content.quarantined_from)
    lost = ModelFile.objects.filter(WANTED, version__in=had, sha256=sha256)
    files = lost.filter(content__isnull=True)
    attach_contents((file, content) for file in files)
    for version_id in had:
        _release(version_id, sha256)
    Content.objects.filter(pk=sha256).update(quarantined_from=[])
    audit.record(
        actor="yard",
        action="content.heal",
        subject_type="content",
        subject=sha256,
        details={"versions": len(had)},
    )
    return len(had)


def _release(version_id: int, sha256: str) -> None:
    """Take back what the quarantine said of a version; other rotten files of it still count."""
    version = _locked(version_id)
    answer = GateResult.objects.filter(version=version_id, gate=Gate.INTEGRITY).first()
    if version is None or answer is None or sha256 not in answer.evidence.get("quarantined", []):
        return
    left = [other for other in answer.evidence["quarantined"] if other != sha256]
    words = f"{len(left)} of its files are in quarantine." if left else "All its files are whole."
    record_gate(
        version=version,
        gate=Gate.INTEGRITY,
        outcome=GateOutcome.FAILED if left else GateOutcome.PASSED,
        reason=words,
        evidence={"quarantined": left, "files": version.file_count},
    )
    _decide(version)


def _locked(version_id: int) -> ModelVersion | None:
    model = ModelVersion.objects.filter(pk=version_id).values_list("model_id", flat=True).first()
    if model is None:
        return None
    Model.objects.select_for_update().get(pk=model)  # first, as everywhere
    return ModelVersion.objects.select_for_update(of=("self",)).filter(pk=version_id).first()


def _decide(version: ModelVersion) -> None:
    if version.admission not in (Admission.PENDING, Admission.WITHDRAWN):
        decide(version=version)  # what is pending is decided by its own run
