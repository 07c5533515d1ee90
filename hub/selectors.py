"""What the protocol shows: admitted versions and stored files."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from registry.callers import Caller
from registry.enums import Admission, ScanVerdict
from registry.models import SERVED, TAKEN, ModelFile, ModelVersion


def files_served() -> QuerySet[ModelFile]:
    """Files that are served, verified and stored; no other file exists for the protocol."""
    return ModelFile.objects.filter(SERVED, content__isnull=False)


def served_files(version: ModelVersion) -> QuerySet[ModelFile]:
    return files_served().filter(version=version).order_by("path")


def held_files(version: ModelVersion) -> QuerySet[ModelFile]:
    """Files that are not served although the version is; each says why."""
    return version.files.filter(TAKEN).exclude(held_back="").order_by("path")


def versions_beside(version: ModelVersion, caller: Caller) -> QuerySet[ModelVersion]:
    """Versions of the same model that this caller may have, as they may have this one.

    The newest first. It is the rule of `registry.standing.refusal` for all rows at once.
    """
    model = version.model
    allowed = Q(lowest_tier__in=["", *caller.tiers]) | Q(pk=version.pk)
    if model.tier_by_curator:
        allowed |= Q(pk=model.head_id)
    given = model.versions.filter(allowed, admission=Admission.ADMITTED)
    safe = given.exclude(scan_verdict=ScanVerdict.UNSAFE)
    return safe.defer("config", "facts", "decision").order_by("-number")
