"""Versions and files of one repository that a digest may be of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.db.models import QuerySet

from hub.decision import Place
from registry.callers import Caller
from registry.enums import Admission
from registry.models import SERVED, ModelFile, ModelVersion
from registry.selectors.access import standing_of
from registry.standing import refusal

_MOST: Final = 20  # versions back; who pulls an older one has begun long ago


def versions_for(caller: Caller, place: Place) -> Iterator[ModelVersion]:
    """Admitted versions that the caller may have, the one that was found first, then the newest."""
    yield place.version
    others = place.model.versions.filter(admission=Admission.ADMITTED).exclude(pk=place.version.pk)
    for version in others.order_by("-number")[:_MOST]:
        if _may_have(caller, place, version):
            yield version


def file_for(caller: Caller, place: Place, sha256: str) -> ModelFile | None:
    """A served file with this content, of the version that was found or an older one."""
    files = _files(sha256).filter(version__model=place.model, version__admission=Admission.ADMITTED)
    newest = files.select_related("version").order_by("-version__number", "path")[:_MOST]
    for file in sorted(newest, key=lambda file: file.version_id != place.version.pk):
        if _may_have(caller, place, file.version):
            return file
    return None


def file_in(version: ModelVersion, sha256: str) -> ModelFile | None:
    """A served file of the version with this content."""
    file = _files(sha256).filter(version=version).order_by("path").first()
    if file is not None:
        file.version = version
    return file


def admitted(pk: int) -> ModelVersion | None:
    """The version while it is given away at all."""
    given = ModelVersion.objects.filter(pk=pk, admission=Admission.ADMITTED)
    return given.select_related("model").first()


def _files(sha256: str) -> QuerySet[ModelFile]:
    return ModelFile.objects.filter(SERVED, sha256=sha256, content__isnull=False)


def _may_have(caller: Caller, place: Place, version: ModelVersion) -> bool:
    version.model = place.model
    return refusal(standing_of(place.model, version), tiers=caller.tiers) is None
