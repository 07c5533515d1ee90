"""Refs and commits: the admitted versions, and nothing of the others."""

from __future__ import annotations

from typing import Any, Final

from hub import selectors
from hub.decision import Place
from hub.model_info import stamp
from registry.models import ModelVersion

_MOST_TAGS: Final = 1000


def refs_of(place: Place, *, pull_requests: bool) -> dict[str, Any]:
    """`main` and a tag `vN` for each admitted version."""
    versions = selectors.admitted_versions(place.model)[:_MOST_TAGS]
    refs: dict[str, Any] = {
        "branches": [_ref("main", "refs/heads/main", place.version)],
        "converts": [],
        "tags": [_ref(f"v{v.number}", f"refs/tags/v{v.number}", v) for v in versions],
    }
    if pull_requests:
        refs["pullRequests"] = []
    return refs


def _ref(name: str, ref: str, version: ModelVersion) -> dict[str, str]:
    return {"name": name, "ref": ref, "targetCommit": version.commit}


def commits_of(
    place: Place, *, before: int | None, limit: int
) -> tuple[list[dict[str, Any]], int, int]:
    """Give a page of commits up to the version, how many there are, and where to go on (or 0)."""
    versions = selectors.admitted_versions(place.model).filter(number__lte=place.version.number)
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
