"""Refs and commits: the versions that the caller may have, and nothing of the others."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import QuerySet

from hub import selectors
from hub.decision import Place
from hub.model_info import stamp
from registry.callers import Caller
from registry.enums import Admission
from registry.models import Model, ModelVersion, VersionName

_MOST_REFS: Final = 1000
_SPACES: Final = {
    "branches": "refs/heads/",
    "converts": "refs/convert/",
    "tags": "refs/tags/",
    "pullRequests": "refs/pr/",
}


def refs_of(place: Place, caller: Caller, *, pull_requests: bool) -> dict[str, Any]:
    """`main`, a tag `vN` for each version that is theirs, and the names they have at the source.

    A pull request is one only to who asks for them; what the source converted is told apart.
    """
    named: dict[str, list[dict[str, str]]] = {space: [] for space in _SPACES}
    named["branches"].append(_ref("main", "refs/heads/main", place.version))
    versions = selectors.versions_beside(place.version, caller)
    for version in versions[:_MOST_REFS]:
        named["tags"].append(_ref(f"v{version.number}", f"refs/tags/v{version.number}", version))
    for row in _names_of(place.model, versions):
        space, ref = _space_of(row.name)
        named[space].append(_ref(ref.removeprefix(_SPACES[space]), ref, row.version))
    if not pull_requests:
        del named["pullRequests"]
    return named


def _names_of(model: Model, versions: QuerySet[ModelVersion]) -> QuerySet[VersionName]:
    """Each name whose newest admitted version is one of these, in order."""
    rows = VersionName.objects.filter(model=model, version__admission=Admission.ADMITTED)
    newest = rows.order_by("name", "-asked_at", "-pk").distinct("name")
    meant = VersionName.objects.filter(pk__in=newest.values("pk"), version__in=versions)
    told = meant.select_related("version").only("name", "version__commit")
    return told.order_by("name")[:_MOST_REFS]


def _space_of(name: str) -> tuple[str, str]:
    """Where refs tell it, and its long form; git has branches where nothing else is said."""
    for space, prefix in _SPACES.items():
        if name.startswith(prefix):
            return space, name
    return "branches", f"{_SPACES['branches']}{name}"


def _ref(name: str, ref: str, version: ModelVersion) -> dict[str, str]:
    return {"name": name, "ref": ref, "targetCommit": version.commit}


def commits_of(
    place: Place, caller: Caller, *, before: int | None, limit: int
) -> tuple[list[dict[str, Any]], int, int]:
    """Give a page of commits up to the version, how many there are, and where to go on (or 0)."""
    beside = selectors.versions_beside(place.version, caller)
    versions = beside.filter(number__lte=place.version.number)
    total = versions.count()
    if before is not None:
        versions = versions.filter(number__lt=before)
    rows = list(versions[: limit + 1])
    page = rows[:limit]
    return [_commit(row) for row in page], total, page[-1].number if len(rows) > limit else 0


def _commit(version: ModelVersion) -> dict[str, Any]:
    return {
        "id": version.commit,
        "title": f"Version {version.number}",
        "message": version.changes,
        "authors": [],
        "date": stamp(version.pinned_at or version.created_at),
    }
