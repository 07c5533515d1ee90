"""What happens to a repository of the stand-in Hub while a test runs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.standins.repos import RepoRoot

FIRST = "0001 initial commit"


def push(
    root: RepoRoot,
    repo_id: str,
    files: Mapping[str, bytes | str | dict[str, object] | None],
    *,
    onto: int | None = -1,
) -> None:
    """Write the next commit: the tree of the one it continues, with these files changed."""
    folders = _commits(root, repo_id)
    title = f"{len(folders) + 1:04d} push {len(folders) + 1}"
    target = folders[0].parent / title
    target.mkdir()
    if onto is not None:
        shutil.copytree(folders[onto], target, symlinks=True, dirs_exist_ok=True)
    for path in [path for path, content in files.items() if content is None]:
        (target / path).unlink()
    kept = {path: content for path, content in files.items() if content is not None}
    for path in kept:
        (target / path).unlink(missing_ok=True)  # a link to real weights is replaced, not followed
    root.repo(repo_id, kept, commit=title)
    if onto != -1:
        parents = _meta(root, repo_id).get("parents", {})
        change(root, repo_id, parents={**parents, str(len(folders)): onto})


def forget(root: RepoRoot, repo_id: str, commit: str) -> None:
    change(root, repo_id, deleted=[*_meta(root, repo_id).get("deleted", []), commit])


def change(root: RepoRoot, repo_id: str, **meta: Any) -> None:
    _commits(root, repo_id)
    place = root.root / "models" / repo_id / "@repo.json"
    place.write_text(json.dumps(_meta(root, repo_id) | meta))


def rename(root: RepoRoot, repo_id: str, name: str) -> None:
    models = root.root / "models"
    shutil.copytree(models / repo_id, models / name, symlinks=True)
    change(root, repo_id, renamed_to=name)


def delete(root: RepoRoot, repo_id: str) -> None:
    shutil.rmtree(root.root / "models" / repo_id)


def _meta(root: RepoRoot, repo_id: str) -> dict[str, Any]:
    place = root.root / "models" / repo_id / "@repo.json"
    return json.loads(place.read_text()) if place.is_file() else {}


def _commits(root: RepoRoot, repo_id: str) -> list[Path]:
    """Give the folders of all commits; files at the top are moved into one, its id unchanged."""
    base = root.root / "models" / repo_id
    folder = base / "@commits"
    if not folder.is_dir():
        first = folder / FIRST
        first.mkdir(parents=True)
        for entry in list(base.iterdir()):
            if not entry.name.startswith("@"):
                entry.rename(first / entry.name)
    return sorted(folder.iterdir())
