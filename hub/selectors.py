"""What the protocol shows: admitted versions, stored files, and which model a name means."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Q, QuerySet

from registry.enums import Admission
from registry.models import SERVED, TAKEN, Model, ModelAlias, ModelFile, ModelVersion

SOURCE = "huggingface"
SOURCES = (SOURCE, "civitai", "disk", "upload")  # a name is that of the first that has it


def meant_by(names: Iterable[str]) -> dict[str, int]:
    """The id of the model that each name means: of the first source that has one of the name.

    Its own name goes before the former name of another. Who asks has no part in it.
    """
    found: dict[str, list[tuple[int, bool, int]]] = defaultdict(list)
    of_names = Q(repo_id__in=list(names), source__in=SOURCES)
    for repo_id, source, pk in Model.objects.filter(of_names).values_list(
        "repo_id", "source", "pk"
    ):
        found[repo_id].append((SOURCES.index(source), False, pk))
    for repo_id, source, pk in ModelAlias.objects.filter(of_names).values_list(
        "repo_id", "source", "model_id"
    ):
        found[repo_id].append((SOURCES.index(source), True, pk))
    return {repo_id: min(meant)[2] for repo_id, meant in found.items()}


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
