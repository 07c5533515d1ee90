"""Bring models and versions into the schema. What is pinned stays as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from core.plain_values import plain_text, plain_values
from registry.models import Model, ModelFile, ModelVersion, Tag
from registry.source_scan import KEY, SourceScan


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file as the source lists it; `sha256` is empty where only a git blob id is published.

    `left_out` says why the file is not taken.
    """

    path: str
    size: int
    git_oid: str = ""
    sha256: str = ""
    is_lfs: bool = False
    left_out: str = ""


RESERVED = frozenset({"plan"})  # an address beside those of models


def slug_of(source: str, repo_id: str) -> str:
    """Make the public id: `org/Name` of the Hub becomes `org--name`; other sources come first."""
    text = repo_id if source == "huggingface" else f"{source}--{repo_id}"
    slug = re.sub(r"[^a-z0-9._-]+", "-", text.lower().replace("/", "--")).strip("-._")
    return slug or "model"


@transaction.atomic
def ensure_model(
    *, source: str, repo_id: str, is_private: bool = False, title: str = "", author: str = ""
) -> Model:
    """Give the model of this source and name, made the first time it is asked for.

    `is_private` counts for a new one alone: what is known already is not hidden again by asking.
    `title` and `author` are shown of a new one where its name is no words.
    """
    model = Model.objects.filter(source=source, repo_id=repo_id).first()
    if model is not None:
        return model
    owner, _, name = repo_id.rpartition("/")
    base = slug_of(source, repo_id)
    taken = set(Model.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    taken |= RESERVED
    slug = next(
        s for n in range(len(taken) + 1) if (s := f"{base}-{n + 1}" if n else base) not in taken
    )
    model, _ = Model.objects.get_or_create(
        source=source,
        repo_id=repo_id,
        defaults={
            "slug": slug,
            "name": plain_text(title)[:200] or name,
            "author": plain_text(author)[:200] or owner,
            "is_private": is_private,
            "updated_at": timezone.now(),
        },
    )
    return model


@transaction.atomic
def pin_version(
    *,
    model: Model,
    commit: str,
    files: Iterable[FileEntry],
    facts: dict[str, object],
    needs_curator: bool = False,
) -> ModelVersion:
    """Write a version with all its files, or give the one that is pinned already.

    `needs_curator` counts for a new one alone: what somebody asked for is not held up afterwards.
    """
    Model.objects.select_for_update().get(pk=model.pk)
    known = ModelVersion.objects.filter(model=model, commit=commit).first()
    if known is not None:
        return known
    last = model.versions.order_by("-number").first()
    entries = sorted(files, key=lambda entry: entry.path)
    taken = [entry.size for entry in entries if not entry.left_out]
    version = ModelVersion.objects.create(
        model=model,
        commit=commit,
        number=(model.versions.aggregate(n=Max("number"))["n"] or 0) + 1,
        parent=last,
        file_count=len(taken),
        size_bytes=sum(taken),
        facts=plain_values(facts),
        model_type=model.model_type,
        needs_curator=needs_curator,
    )
    ModelFile.objects.bulk_create(
        (
            ModelFile(
                version=version,
                path=entry.path,
                size=entry.size,
                git_oid=entry.git_oid,
                sha256=entry.sha256,
                is_lfs=entry.is_lfs,
                left_out=entry.left_out,
            )
            for entry in entries
        ),
        batch_size=2000,
    )
    version.pinned_at = timezone.now()
    version.save(update_fields=["pinned_at"])
    return version


def record_license(*, version: ModelVersion, spdx: str, license_class: str) -> None:
    """Note what the license gate found on the version itself, where lists read it."""
    version.license_spdx, version.license_class = spdx[:200], license_class
    version.save(update_fields=["license_spdx", "license_class"])


def record_changes(*, version: ModelVersion, text: str) -> None:
    """Note in words what is new since the version before."""
    version.changes = plain_text(text)
    version.save(update_fields=["changes"])


MAX_TAGS = 60


@transaction.atomic
def add_tags(*, model: Model, names: Iterable[str]) -> None:
    """Put words on a model. Nothing is taken away: curators tag as well."""
    Model.objects.select_for_update().get(pk=model.pk)  # first, as everywhere: its row shows them
    words = list(dict.fromkeys(name[:120] for name in names if name.strip()))[:MAX_TAGS]
    Tag.objects.bulk_create([Tag(name=word) for word in sorted(words)], ignore_conflicts=True)
    model.tags.add(*Tag.objects.filter(name__in=words))


def note_source_scan(*, version: ModelVersion, scan: SourceScan | None) -> None:
    """Keep what the source's scanners say now; a source that says nothing takes nothing back."""
    if scan is None or version.facts.get(KEY) == scan.to_json():
        return
    version.facts = version.facts | {KEY: plain_values(scan.to_json())}
    version.save(update_fields=["facts"])


def record_inspection(
    *,
    version: ModelVersion,
    model_type: str,
    config: dict[str, object],
    facts: dict[str, object],
    status: str,
) -> None:
    """Note what the version is: its typed configuration and what card and source say of it."""
    version.model_type, version.config = model_type, plain_values(config)
    version.facts, version.extraction_status = plain_values(facts), status
    version.save(update_fields=["model_type", "config", "facts", "extraction_status"])
