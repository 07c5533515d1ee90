"""Remember what else versions and models are called."""

from __future__ import annotations

from django.utils import timezone

from registry.models import Model, ModelAlias, ModelVersion, VersionName
from registry.names import kept_name


def name_version(version: ModelVersion, name: str) -> None:
    """Note that this branch, tag or `refs/...` of the source meant the version just now.

    What means a version by itself (`main`, a commit, a number) is not noted.
    """
    if kept := kept_name(name):
        VersionName.objects.update_or_create(
            model_id=version.model_id,
            name=kept,
            version=version,
            defaults={"asked_at": timezone.now()},
        )


def add_alias(model: Model, source: str, repo_id: str) -> None:
    """Note that the source leads on from this name to the model; the last word counts."""
    if repo_id and (source, repo_id) != (model.source, model.repo_id):
        ModelAlias.objects.update_or_create(
            source=source,
            repo_id=repo_id,
            defaults={"model": model, "at": timezone.now()},
        )
