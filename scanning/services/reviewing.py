"""Decide again what rests on waivers: after a grant, after a taking back, and when one expires.

The row of the waiver says whether that is done (`settled_at`). A worker that dies in between is
followed by the next review, which passes over versions that have their answer already.
"""

from __future__ import annotations

from collections.abc import Iterator

import structlog
from django.db import transaction
from django.utils import timezone

from core.errors import ModelyardError
from registry import audit
from registry.enums import Admission, Gate
from registry.models import WANTED, Model, ModelFile, ModelVersion
from registry.services.gates import decide
from scanning.models import FindingWaiver
from scanning.services.answers import answer_again
from scanning.services.waivers import end

log = structlog.get_logger(__name__)
BATCH = 200


def review_waivers() -> int:
    """End what has expired and decide again what unsettled waivers are about; say how many."""
    _end_expired()
    unsettled = FindingWaiver.objects.filter(settled_at__isnull=True).order_by("pk")
    return sum(_settle(waiver) for waiver in unsettled)


def _end_expired() -> None:
    due = FindingWaiver.objects.filter(ended_at__isnull=True, expires_at__lte=timezone.now())
    for pk in list(due.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            waiver = due.select_for_update(skip_locked=True).filter(pk=pk).first()
            if waiver is not None:
                end(waiver)


def _settle(waiver: FindingWaiver) -> int:
    """Answer for every version that holds the content, each in a transaction of its own."""
    changed, is_done = 0, True
    for version in _versions_with(waiver.sha256):
        try:
            changed += _answer(version, waiver)
        except ModelyardError as error:  # one version's bytes are away: the next review tries again
            log.warning("waiver_unsettled", waiver=waiver.pk, version=version, error=error.message)
            is_done = False
    if is_done:  # unless it ended meanwhile, which is another matter to settle
        same = FindingWaiver.objects.filter(pk=waiver.pk, ended_at=waiver.ended_at)
        same.update(settled_at=timezone.now())
    return changed


def _versions_with(sha256: str) -> Iterator[int]:
    """Every version that takes the content, a batch at a time."""
    last = 0
    holding = ModelFile.objects.filter(WANTED, sha256=sha256).order_by("version_id")
    ids = holding.values_list("version_id", flat=True).distinct()
    while batch := list(ids.filter(version_id__gt=last)[:BATCH]):
        yield from batch
        last = batch[-1]


@transaction.atomic
def _answer(pk: int, waiver: FindingWaiver) -> bool:
    """Answer the malware gate of a version anew and decide, where that changes its answer."""
    model = ModelVersion.objects.filter(pk=pk).values_list("model_id", flat=True).first()
    if model is None:
        return False
    Model.objects.select_for_update().get(pk=model)  # first, as everywhere
    versions = ModelVersion.objects.select_for_update(of=("self",)).select_related("model")
    version = versions.get(pk=pk)
    before, verdict = version.admission, version.scan_verdict
    if before == Admission.WITHDRAWN or not answer_again(version):
        return False
    if before != Admission.PENDING:  # its own run decides that one
        version = decide(version=version)
    audit.record(
        actor="yard",
        action="version.waiver",
        subject_type="version",
        subject=str(version),
        outcome=version.admission,
        reason=version.gates.get(gate=Gate.MALWARE).reason,
        details={
            "before": before,
            "verdict_before": verdict,
            "verdict": version.scan_verdict,
            "waiver": waiver.pk,
            "is_over": waiver.ended_at is not None,
        },
    )
    return True
