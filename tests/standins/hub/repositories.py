"""Repositories of the folder that is served: their commits, refs and history."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.standins.hub.git import Commit
from tests.standins.hub.state import STATE

KINDS = {"models": "model", "datasets": "dataset", "spaces": "space"}
FIRST_COMMIT = 1700000000
HOUR = 3600


def iso(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(seconds))


def load(root: str | Path) -> None:
    """Serve what the folder holds now."""
    STATE.repos.clear()
    for plural in KINDS:
        for folder in _folders(Path(root, plural)):
            if _is_repository(folder):
                _add(plural, folder.name, folder)
                continue
            for inner in _folders(folder):
                _add(plural, f"{folder.name}/{inner.name}", inner)


def _folders(base: Path) -> list[Path]:
    return sorted(path for path in base.iterdir() if path.is_dir()) if base.is_dir() else []


def _is_repository(folder: Path) -> bool:
    kept = (folder / "@repo.json").exists() or (folder / "@commits").is_dir()
    return kept or any(path.is_file() for path in folder.iterdir())


def _add(plural: str, repo_id: str, folder: Path) -> None:
    STATE.repos[plural, repo_id.lower()] = Repo(KINDS[plural], repo_id, folder)


class Repo:
    """One repository; `meta` is what its `@repo.json` says."""

    def __init__(self, kind: str, repo_id: str, base: Path) -> None:
        self.type, self.id, self.base = kind, repo_id, base
        place = base / "@repo.json"
        self.meta: dict[str, Any] = json.loads(place.read_bytes()) if place.is_file() else {}
        self.commits = self._commits()
        self.branches = self._refs({"main": -1, **self.meta.get("branches", {})})
        self.tags = self._refs(self.meta.get("tags_refs", {}))
        self.prs = self._refs(self.meta.get("pull_requests", {}))
        gone = self.meta.get("deleted", [])
        self.by_sha = {commit.sha: commit for commit in self.commits if commit.sha not in gone}

    @property
    def plural(self) -> str:
        return f"{self.type}s"

    @property
    def owner(self) -> str:
        return self.id.split("/")[0]

    @property
    def head(self) -> Commit:
        """The commit that `main` names."""
        return self.by_sha[self.branches["main"]]

    def find(self, name: str) -> Commit | None:
        """Return the commit of a branch, tag, pull request or (short) id."""
        for ref in (name, name.replace("refs/heads/", "", 1)):
            for refs in (self.branches, self.tags):
                if ref in refs:
                    return self.by_sha[refs[ref]]
        if name.startswith("refs/pr/"):
            return self.by_sha.get(self.prs.get(name[8:], ""))
        if re.fullmatch(r"[0-9a-f]{7,40}", name):
            return next((self.by_sha[sha] for sha in self.by_sha if sha.startswith(name)), None)
        return None

    def history(self, commit: Commit | None) -> Iterator[Commit]:
        while commit:
            yield commit
            commit = self.by_sha.get(commit.parent or "")

    def last_commit(self, commit: Commit, path: str) -> dict[str, Any]:
        """Return the commit that brought what is at this path."""
        last = commit
        for earlier in self.history(commit):
            if earlier.oid(path) != commit.oid(path):
                break
            last = earlier
        return {"id": last.sha, "title": last.title, "date": iso(last.date)}

    def _commits(self) -> list[Commit]:
        folder = self.base / "@commits"
        trees = sorted(folder.iterdir()) if folder.is_dir() else [self.base]
        commits: list[Commit] = []
        for place, tree in enumerate(trees):
            commit = Commit(
                tree,
                self._title(tree),
                parent=self._parent(commits),
                date=self.meta.get("first_commit", FIRST_COMMIT) + HOUR * place,
                user=self.meta.get("committer", self.owner),
            )
            commits.append(commit)
        return commits

    def _title(self, tree: Path) -> str:
        if tree == self.base:
            return self.meta.get("title", "initial commit") or "commit"
        return re.sub(r"^\d+[ _-]*", "", tree.name) or "commit"

    def _parent(self, before: list[Commit]) -> str | None:
        """Return what the next commit continues: the one before unless `parents` names another."""
        onto = self.meta.get("parents", {}).get(str(len(before)), -1)
        return None if onto is None or not before else before[onto].sha

    def _refs(self, places: dict[str, int]) -> dict[str, str]:
        return {name: self.commits[place].sha for name, place in places.items()}
