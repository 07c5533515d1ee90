"""What the Hub says of a repository: from its files, its card and its `@repo.json`.

Of `@repo.json` these are read here: `cardData`, `tags`, `library_name`, `pipeline_tag`, `private`,
`gated`, `disabled`, `security` and `pickle_imports` by path, and every number and field that the
Hub alone knows. `repositories.py` reads `branches`, `tags_refs`, `pull_requests`, `parents`,
`deleted`, `title`, `committer` and `first_commit`; `renamed_to` is followed by `access.py`.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
from contextlib import suppress
from functools import cache
from math import prod
from pathlib import Path
from typing import Any

import yaml

from tests.standins.hub.git import Commit
from tests.standins.hub.repositories import Repo, iso
from tests.standins.hub.state import STATE

LONGEST_HEADER = 25_000_000
OF_CONFIG = ("architectures", "model_type", "quantization_config", "auto_map")
LISTED = [
    "likes",
    "private",
    "downloads",
    "tags",
    "pipeline_tag",
    "library_name",
    "createdAt",
    "trendingScore",
]
SHOWN = [
    "author",
    "sha",
    "lastModified",
    "private",
    "gated",
    "disabled",
    "downloads",
    "likes",
    "tags",
    "pipeline_tag",
    "library_name",
    "createdAt",
    "siblings",
]
SHOWN_ALONE = [
    "cardData",
    "config",
    "transformersInfo",
    "spaces",
    "safetensors",
    "gguf",
    "model-index",
    "widgetData",
    "mask_token",
    "usedStorage",
    "inference",
]
LIBRARIES = {
    "model_index.json": "diffusers",
    "modules.json": "sentence-transformers",
    "adapter_config.json": "peft",
    "config.json": "transformers",
}


def described(
    repo: Repo, commit: Commit, *, blobs: bool = False, security: bool = False
) -> dict[str, Any]:
    """Return what is said of one repository that is asked for by name."""
    fields = _fields(repo, commit, blobs=blobs)
    found = _named(repo) | _present(fields, SHOWN + SHOWN_ALONE)
    if security:
        levels = repo.meta.get("security", {})
        found["securityRepoStatus"] = {
            "scansDone": True,
            "filesWithIssues": [
                {"path": path, "level": level} for path, level in levels.items() if level != "safe"
            ],
        }
    return found


def listed(
    repo: Repo, commit: Commit, *, full: bool = False, config: bool = False, card: bool = False
) -> dict[str, Any]:
    """Return what is said of a repository in a list."""
    keys = list(SHOWN if full else LISTED)
    keys += ["config"] * config + ["cardData"] * card
    return _named(repo) | _present(_fields(repo, commit), keys)


def expanded(
    repo: Repo, commit: Commit, names: list[str], *, blobs: bool = False
) -> dict[str, Any]:
    """Return the fields that were asked for; raise ValueError for one that there is not."""
    fields = _fields(repo, commit, blobs=blobs)
    unknown = [name for name in names if name not in fields]
    if unknown:
        raise ValueError(f'"expand" must be one of {sorted(fields)}; got {unknown}')
    wanted = {
        name: fields[name] for name in names if fields[name] is not None or name == "pipeline_tag"
    }
    named = _named(repo)
    named.pop("modelId", None)
    return named | wanted


def _named(repo: Repo) -> dict[str, Any]:
    number = hashlib.md5(repo.id.encode(), usedforsecurity=False).hexdigest()[:24]
    named = {"_id": number, "id": repo.id}
    return named | {"modelId": repo.id} if repo.type == "model" else named


def _present(fields: dict[str, Any], names: list[str]) -> dict[str, Any]:
    return {name: fields[name] for name in names if fields[name] is not None}


def _fields(repo: Repo, commit: Commit, *, blobs: bool = False) -> dict[str, Any]:
    meta, card = repo.meta, card_of(repo, commit) or {}
    library = meta.get("library_name") or card.get("library_name") or _library(commit)
    return {
        "author": repo.owner if "/" in repo.id else None,
        "sha": commit.sha,
        "lastModified": iso(commit.date),
        "createdAt": iso(repo.commits[0].date),
        "private": bool(meta.get("private")),
        "gated": meta.get("gated", False),
        "disabled": bool(meta.get("disabled")),
        "downloads": meta.get("downloads", 0),
        "downloadsAllTime": meta.get("downloadsAllTime", meta.get("downloads", 0)),
        "likes": meta.get("likes", 0),
        "trendingScore": meta.get("trendingScore", 0),
        "tags": list(meta.get("tags", [])) or _tags(commit, card, library),
        "pipeline_tag": meta.get("pipeline_tag") or card.get("pipeline_tag"),
        "library_name": library,
        "cardData": card or None,
        "config": _config(commit),
        "transformersInfo": meta.get("transformersInfo"),
        "siblings": _siblings(commit, blobs=blobs),
        "spaces": meta.get("spaces", []),
        "safetensors": _parameters(commit),
        "gguf": meta.get("gguf"),
        "model-index": card.get("model-index"),
        "widgetData": card.get("widget"),
        "mask_token": meta.get("mask_token"),
        "usedStorage": sum(file.size for one in repo.commits for file in one.files.values()),
        "inference": meta.get("inference"),
        "inferenceProviderMapping": meta.get("inferenceProviderMapping"),
        "baseModels": meta.get("baseModels"),
        "childrenModelCount": meta.get("childrenModelCount"),
        "evalResults": meta.get("evalResults"),
        "resourceGroup": None,
    }


def card_of(repo: Repo, commit: Commit) -> dict[str, Any] | None:
    """Return what stands in the README's front matter; None where it is not to be read."""
    if "cardData" in repo.meta:
        return repo.meta["cardData"]
    file = commit.files.get("README.md")
    if not file:
        return None
    text = file.disk.read_bytes().decode("utf-8", "replace")
    front = re.match(r"^\ufeff?---\r?\n(.*?)\r?\n---", text, re.DOTALL)
    if not front:
        return None
    try:
        card = yaml.safe_load(front.group(1))
        return json.loads(json.dumps(card, default=str)) if isinstance(card, dict) else None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        return None


def _library(commit: Commit) -> str | None:
    return next((LIBRARIES[name] for name in LIBRARIES if name in commit.files), None)


def _tags(commit: Commit, card: dict[str, Any], library: str | None) -> list[str]:
    tags = [library] if library else []
    for kind in ("safetensors", "gguf"):
        tags += [kind] * any(path.endswith(f".{kind}") for path in commit.files)
    tags += [str(tag) for name in ("tags", "language") for tag in _many(card.get(name))]
    for name in ("license", "datasets", "base_model"):
        tags += [f"{name.removesuffix('s')}:{tag}" for tag in _many(card.get(name))]
    return [*tags, "region:us"]


def _many(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    return [value] if value else []


def _siblings(commit: Commit, *, blobs: bool) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] | None = STATE.faults["siblings"]
    if told is not None:
        return told
    found = []
    for path in sorted(commit.files):
        sibling: dict[str, Any] = {"rfilename": path}
        file = commit.files[path]
        if blobs:
            sibling |= {"blobId": file.oid, "size": file.size}
            if file.lfs:
                lfs = {"sha256": file.lfs, "size": file.size, "pointerSize": len(file.pointer)}
                sibling["lfs"] = lfs
        found.append(sibling)
    return found


def _config(commit: Commit) -> dict[str, Any] | None:
    file = commit.files.get("config.json")
    if not file:
        return None
    try:
        config = json.loads(file.disk.read_bytes())
    except (ValueError, RecursionError):
        return None
    found = {name: config[name] for name in OF_CONFIG if name in config}
    tokenizer = commit.files.get("tokenizer_config.json")
    if tokenizer:
        with suppress(ValueError, AttributeError):  # no JSON object: the Hub is silent too
            found["tokenizer_config"] = {
                name: value
                for name, value in json.loads(tokenizer.disk.read_bytes()).items()
                if name.endswith("_token") or name == "chat_template"
            }
    return found


def _parameters(commit: Commit) -> dict[str, Any] | None:
    counts: dict[str, int] = {}
    for path, file in commit.files.items():
        whole = path.endswith(".safetensors") and "/" not in path
        if not whole or path.startswith("adapter"):
            continue
        for name, tensor in header_of(file.disk).items():
            if name != "__metadata__":
                before = counts.get(tensor["dtype"], 0)
                counts[tensor["dtype"]] = before + prod(tensor["shape"])
    return {"parameters": counts, "total": sum(counts.values())} if counts else None


def header_of(disk: Path) -> dict[str, Any]:
    """Return the header of a safetensors file; empty where it cannot be read."""
    return _header(disk, disk.stat().st_mtime)


@cache
def _header(disk: Path, _mtime: float) -> dict[str, Any]:
    with disk.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        try:
            return json.loads(file.read(length)) if length < LONGEST_HEADER else {}
        except (ValueError, RecursionError):
            return {}
