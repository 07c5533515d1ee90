"""A model and its version in the shape of ModelInfo; what nobody knows is left out, not made up."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from core.answers.facts import are_all
from hub import blobs, door, selectors
from hub.decision import Place
from hub.errors import BadRequestError
from hub.facts import facts_of
from registry.enums import ScanVerdict
from registry.hub_tags import likes
from registry.models import Model, ModelFile, ModelVersion

# Every value the Hub knows; clients ask for many of them at once, and get those that we hold.
EXPANDABLE: Final = frozenset(
    {
        *("author", "baseModels", "cardData", "childrenModelCount", "config", "createdAt"),
        *("disabled", "downloads", "downloadsAllTime", "evalResults", "gated", "gguf"),
        *("inference", "inferenceProviderMapping", "lastModified", "library_name", "likes"),
        *("mask_token", "model-index", "pipeline_tag", "private", "resourceGroup", "safetensors"),
        *("sha", "siblings", "spaces", "tags", "transformersInfo", "trendingScore"),
        *("usedStorage", "widgetData", "xetEnabled"),
    }
)
_NAMES: Final = frozenset({"_id", "id"})
_OF_FILES: Final = frozenset({"siblings", "config", "safetensors", "gguf"})
_SCANNED: Final[frozenset[str]] = frozenset({ScanVerdict.CLEAN, ScanVerdict.SUSPICIOUS})


def info_of(
    place: Place, *, blob_details: bool, security: bool, expand: Iterable[str]
) -> dict[str, Any]:
    """Describe an admitted version; with `expand`, only the values that were named."""
    wanted, version = checked_expand(expand), place.version
    info = summary_of(place.model, version)
    info["cardData"] = version.facts.get("card") or {}
    info["usedStorage"] = version.size_bytes
    if tells_files(wanted):
        files = door.files_of(version)
        info |= facts_of(version.config, {file.path for file in files})
        info["siblings"] = _siblings(files, details=blob_details)
    if security:
        info["securityRepoStatus"] = _security(version)
    else:
        are_all()  # the rows of the model, the version and its files tell all of it
    return narrowed(info, wanted)


def tells_files(expand: Collection[str]) -> bool:
    """Tell whether a description with these values takes the files of the version."""
    return not expand or not _OF_FILES.isdisjoint(expand)


def _siblings(files: Sequence[ModelFile], *, details: bool) -> list[dict[str, Any]] | None:
    """All files or none: a client that gets none reads the tree."""
    if len(files) == door.MOST_FILES:
        return None
    return [_sibling(file, details=details) for file in files]


def _security(version: ModelVersion) -> dict[str, Any]:
    """What the scan said; files that are held back are told of here alone."""
    held = selectors.held_files(version).values_list("path", "held_back")
    issues = [{"path": path, "level": _level(why)} for path, why in held]
    return {"scansDone": version.scan_verdict in _SCANNED, "filesWithIssues": issues}


def _level(why: str) -> str:
    """A word of the Hub: what is held back beside an unsafe file is no better to load."""
    return "suspicious" if why.startswith("Suspicious") else "unsafe"


def summary_of(model: Model, version: ModelVersion) -> dict[str, Any]:
    """What lists and the description have in common."""
    told = version.facts
    info = {
        "_id": f"{model.pk:024x}",
        "id": model.repo_id,
        "modelId": model.repo_id,
        "author": model.author or None,
        "sha": version.commit,
        "lastModified": stamp(version.pinned_at or version.created_at),
        "createdAt": stamp(model.created_at),
        "downloads": model.downloads_month,
        "likes": likes(told),
        "private": False,
        "gated": False,
        "disabled": False,
        "tags": _tags(model, version),
        "pipeline_tag": told.get("pipeline_tag") or None,
        "library_name": told.get("library_name") or None,
    }
    return {name: value for name, value in info.items() if value is not None}


def _tags(model: Model, version: ModelVersion) -> list[str]:
    """The words of the source, then those that were put on the model here."""
    told = version.facts.get("source_tags") or []
    return list(dict.fromkeys([*told, *door.tag_names_of(model)]))


def _sibling(file: ModelFile, *, details: bool) -> dict[str, Any]:
    sibling: dict[str, Any] = {"rfilename": file.path}
    if details:
        sibling |= {"size": file.size, "blobId": blobs.blob_id_of(file)}
        if blobs.is_lfs(file):
            pointer = blobs.pointer_of(file.sha256, file.size)
            sibling["lfs"] = {"sha256": file.sha256, "size": file.size, "pointerSize": pointer.size}
    return sibling


def checked_expand(names: Iterable[str]) -> frozenset[str]:
    wanted = frozenset(names)
    if unknown := sorted(wanted - EXPANDABLE):
        raise BadRequestError(f"expand: unknown value {unknown[0]!r}")
    return wanted


def narrowed(info: dict[str, Any], wanted: frozenset[str]) -> dict[str, Any]:
    """Keep the names and what was asked for; everything when nothing was."""
    if not wanted:
        return info
    return {name: value for name, value in info.items() if name in wanted | _NAMES}


def stamp(moment: datetime) -> str:
    """`2023-11-15T00:13:20.000Z`, the one form that all clients read."""
    return (
        moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"
    )
