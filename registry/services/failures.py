"""Keep with a version why its import ended without a decision, so that readers are told."""

from __future__ import annotations

from core.plain_values import plain_text
from registry.enums import Admission
from registry.models import ModelVersion


def note_failure(*, version: ModelVersion, code: str, reason: str, run: str) -> None:
    """Say it of a version that is still to be decided; another keeps the decision it has."""
    failure = {"code": code, "reason": plain_text(reason), "run": run}
    pending = ModelVersion.objects.filter(pk=version.pk, admission=Admission.PENDING)
    pending.update(failure=failure)


def clear_failure(version: ModelVersion) -> None:
    """Work on the version goes on: what ended it last is over."""
    ModelVersion.objects.filter(pk=version.pk).exclude(failure={}).update(failure={})
