"""Keep with a version why its import ended without a decision, so that readers are told."""

from __future__ import annotations

from django.db import transaction

from core.plain_values import plain_text
from registry.enums import Admission
from registry.models import Model, ModelVersion


@transaction.atomic
def note_failure(*, version: ModelVersion, code: str, reason: str, run: str) -> None:
    """Say it of a version that is still to be decided; another keeps the decision it has."""
    _hold(version)
    failure = {"code": code, "reason": plain_text(reason), "run": run}
    pending = ModelVersion.objects.filter(pk=version.pk, admission=Admission.PENDING)
    pending.update(failure=failure)


@transaction.atomic
def clear_failure(version: ModelVersion) -> None:
    """Work on the version goes on: what ended it last is over."""
    _hold(version)
    ModelVersion.objects.filter(pk=version.pk).exclude(failure={}).update(failure={})


def _hold(version: ModelVersion) -> None:
    """Lock the model first, as everywhere: its row shows what is written here."""
    Model.objects.select_for_update().get(pk=version.model_id)
