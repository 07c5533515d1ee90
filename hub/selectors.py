"""What the protocol shows: models that the caller may know of, admitted versions, stored files."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q, QuerySet

from registry.callers import Caller
from registry.enums import Admission
from registry.models import SERVED, TAKEN, Model, ModelFile, ModelVersion, VersionName
from registry.names import MAIN, is_commit, kept_name, number_of
from registry.selectors.access import knowable_models, visible_models

SOURCE = "huggingface"
OTHERS = ("civitai", "disk", "upload")


def model_named(caller: Caller, repo_id: str) -> Model | None:
    """The model of this exact name with its head, unless it is not for this caller to know of.

    A model of another source has its name as long as the yard knows none of the Hub by it: what a
    name means must not depend on who asks.
    """
    models = knowable_models(caller).filter(repo_id=repo_id).select_related("head")
    model = models.filter(source=SOURCE).first()
    if model is None and not Model.objects.filter(source=SOURCE, repo_id=repo_id).exists():
        model = models.filter(source__in=OTHERS).order_by("source").first()
    if model is not None and model.head is not None:
        model.head.model = model
    return model


def versions_named(model: Model, names: Iterable[str]) -> dict[str, ModelVersion]:
    """The version behind each name that is one: `main`, a commit, a number, a name of the source.

    Behind `main` and a commit comes a path: git has no branch `main/x` beside `main`.
    """
    names = list(names)
    found = {name: model.head for name in names if name in MAIN and model.head is not None}
    numbers = {name: number for name in names if (number := number_of(name)) is not None}
    commits = {name for name in names if is_commit(name)}
    if not commits and MAIN.isdisjoint(names):
        found |= _called(model, names)
    if not numbers and not commits:
        return found
    by_number, by_commit = {}, {}
    for version in model.versions.filter(
        Q(commit__in=commits) | Q(number__in=set(numbers.values()))
    ):
        version.model = model
        by_number[version.number], by_commit[version.commit] = version, version
    found |= {name: by_commit[name] for name in commits if name in by_commit}
    return found | {name: by_number[n] for name, n in numbers.items() if n in by_number}


def _called(model: Model, names: Iterable[str]) -> dict[str, ModelVersion]:
    """By names of the source: the newest admitted version that was imported under it, or any."""
    kept = {name: short for name in names if (short := kept_name(name))}
    rows = model.names.filter(name__in=set(kept.values())).select_related("version")
    by_name: dict[str, ModelVersion] = {}
    for row in sorted(rows.order_by("asked_at", "pk"), key=_is_admitted):
        row.version.model = model
        by_name[row.name] = row.version  # the last one stays
    return {name: by_name[short] for name, short in kept.items() if short in by_name}


def _is_admitted(row: VersionName) -> bool:
    return row.version.admission == Admission.ADMITTED


def served_files(version: ModelVersion) -> QuerySet[ModelFile]:
    """Files that are served, verified and stored; no other file exists for the protocol."""
    return version.files.filter(SERVED, content__isnull=False).order_by("path")


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


def listed_models(caller: Caller) -> QuerySet[Model]:
    """Models of which `main` is there for the caller, in the order of their last change."""
    return (
        visible_models(caller)
        .filter(source=SOURCE, admission=Admission.ADMITTED, head__isnull=False)
        .select_related("head")
        .defer("head__decision", "head__config")
        .prefetch_related("tags")
        .order_by("-updated_at", "-id")
    )
