"""Answer what people asked for, and bring the bytes that an approval made possible."""

from __future__ import annotations

from django.db import transaction

from catalog.models import Asker
from catalog.services.intake import begin
from catalog.sources.base import ModelRef
from core.models import Run
from registry.callers import Caller
from registry.enums import Admission
from registry.models import AccessRequest, ModelVersion
from registry.services import curation


@transaction.atomic
def approve(*, caller: Caller, request: AccessRequest, note: str = "") -> AccessRequest:
    """Approve; a version that was held before a byte moved is fetched and scanned now."""
    request = curation.approve(caller=caller, request=request, note=note)
    version = request.model.head
    if version is not None and version.admission == Admission.HELD:
        _bring(version, user_id=request.user_id)
    return request


def _bring(version: ModelVersion, *, user_id: int) -> Run:
    """Start (or join) the run of a pinned version; whoever asked for the model may follow it."""
    intake, _ = begin(ModelRef(version.model.source, version.model.repo_id, version.commit))
    Asker.objects.get_or_create(intake=intake, user_id=user_id)
    return intake.run
