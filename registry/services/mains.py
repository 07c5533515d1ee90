"""Which version `main` is, where a curator has the word: roll back, release, admit what waits."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from core.errors import ConflictError, InvalidInputError
from registry import audit
from registry.callers import Caller, check_curator
from registry.enums import Admission
from registry.models import Model, ModelVersion
from registry.services.gates import decide
from registry.services.heads import refresh_head


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise InvalidInputError("Say why: it is kept and shown.", field="reason")


@transaction.atomic
def roll_back(*, caller: Caller, version: ModelVersion, reason: str) -> Model:
    """Keep `main` at an admitted version of the model until a curator releases it.

    Lists, pages and the Hub protocol follow at once; newer versions are still admitted or held,
    and can be had by their commit.
    """
    check_curator(caller)
    _check_reason(reason)
    model = Model.objects.select_for_update().get(pk=version.model_id)
    version = ModelVersion.objects.select_for_update().get(pk=version.pk)
    if version.admission != Admission.ADMITTED:
        raise ConflictError(
            f"v{version.number} is {version.admission}: `main` can be an admitted version only.",
            admission=version.admission,
        )
    before = model.head_number
    model.kept_head, model.kept_reason = version, reason.strip()
    model.kept_by, model.kept_at = caller.name, timezone.now()
    refresh_head(model)
    audit.record(
        actor=caller,
        action="model.roll_back",
        subject_type="model",
        subject=model.repo_id,
        reason=reason,
        details={"before": before, "after": version.number, "commit": version.commit},
    )
    return model


@transaction.atomic
def release(*, caller: Caller, model: Model, reason: str) -> Model:
    """Let `main` be the newest admitted version again."""
    check_curator(caller)
    _check_reason(reason)
    model = Model.objects.select_for_update().get(pk=model.pk)
    if model.kept_head_id is None:
        raise ConflictError(f"`main` of {model.repo_id} is not kept anywhere; nothing to release.")
    before = model.head_number
    model.kept_head, model.kept_reason, model.kept_by, model.kept_at = None, "", "", None
    refresh_head(model)
    audit.record(
        actor=caller,
        action="model.release",
        subject_type="model",
        subject=model.repo_id,
        reason=reason,
        details={"before": before, "after": model.head_number},
    )
    return model


@transaction.atomic
def admit_waiting(*, caller: Caller, version: ModelVersion, reason: str) -> ModelVersion:
    """Say yes to a version that an update rule brought; policy decides it as any other then."""
    check_curator(caller)
    _check_reason(reason)
    Model.objects.select_for_update().get(pk=version.model_id)
    version = ModelVersion.objects.select_for_update().get(pk=version.pk)
    if not version.needs_curator or version.admission == Admission.WITHDRAWN:
        raise ConflictError(f"v{version.number} does not wait for a curator.")
    if version.decided_at is None:
        raise ConflictError(f"v{version.number} is not inspected to its end yet; wait for its job.")
    version.needs_curator = False
    version.save(update_fields=["needs_curator"])
    audit.record(
        actor=caller,
        action="version.admit",
        subject_type="version",
        subject=str(version),
        reason=reason,
    )
    return decide(version=version, actor=caller)
