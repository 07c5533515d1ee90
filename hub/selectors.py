"""What the protocol shows: admitted versions and stored files."""

from __future__ import annotations

from django.db.models import QuerySet

from registry.enums import Admission
from registry.models import SERVED, TAKEN, Model, ModelFile, ModelVersion

SOURCE = "huggingface"


def files_served() -> QuerySet[ModelFile]:
    """Files that are served, verified and stored; no other file exists for the protocol."""
    return ModelFile.objects.filter(SERVED, content__isnull=False)


def served_files(version: ModelVersion) -> QuerySet[ModelFile]:
    return files_served().filter(version=version).order_by("path")


def held_files(version: ModelVersion) -> QuerySet[ModelFile]:
    """Files that are not served although the version is; each says why."""
    return version.files.filter(TAKEN).exclude(held_back="").order_by("path")


def admitted_versions(model: Model) -> QuerySet[ModelVersion]:
    """Newest first."""
    return (
        model.versions.filter(admission=Admission.ADMITTED)
        .defer("config", "facts", "decision")
        .order_by("-number")
    )
