"""The `upstream` fixture: a Hub of the test's own, with its CDN, tokens, faults and log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.standins import hub, pushes
from tests.standins.repos import TOKENS, RepoRoot, standard


@dataclass
class Upstream:
    """One running stand-in; `url` is the Hub, `cdn` the other origin that its files come from."""

    url: str
    cdn: str
    repos: RepoRoot

    def config(self, **faults: Any) -> None:
        """Set faults by the names in hub.DEFAULTS; counters start again."""
        hub.configure(**faults)

    def reset(self) -> None:
        """Forget faults, counters and the log."""
        hub.reset()

    def reload(self) -> None:
        """Serve what the folder holds now."""
        hub.load(self.repos.root)

    def push(self, repo_id: str, files: dict[str, Any], *, onto: int | None = -1) -> str:
        """Add a commit with these files changed (None: removed) and give its id.

        `onto` is the commit that `main` continues: the last one, an earlier one by its place (that
        is a force-push), or None for a history that begins anew.
        """
        pushes.push(self.repos, repo_id, files, onto=onto)
        self.reload()
        return self.commit(repo_id)

    def forget(self, repo_id: str, commit: str) -> None:
        """Let the Hub no longer know a commit, as after a clean-up of what no branch holds."""
        pushes.forget(self.repos, repo_id, commit)
        self.reload()

    def change(self, repo_id: str, **meta: Any) -> None:
        """Set what `@repo.json` holds: private=True, gated="manual", renamed_to="acme/other"."""
        pushes.change(self.repos, repo_id, **meta)
        self.reload()

    def rename(self, repo_id: str, name: str) -> None:
        """Move a repository; the old name leads to the new one."""
        pushes.rename(self.repos, repo_id, name)
        self.reload()

    def delete(self, repo_id: str) -> None:
        """Take a whole repository away."""
        pushes.delete(self.repos, repo_id)
        self.reload()

    def log(self, server: str = "") -> list[dict[str, Any]]:
        """Return what was asked, of both servers or of one (`hub`, `cdn`)."""
        with hub.STATE.lock:
            return [entry for entry in hub.STATE.log if server in {"", entry["srv"]}]

    def commit(self, repo_id: str) -> str:
        """Return the commit that `main` names."""
        found: str = hub.STATE.repos["models", repo_id.lower()].branches["main"]
        return found


@pytest.fixture
def start_upstream(tmp_path: Path) -> Iterator[Callable[..., Upstream]]:
    """Start stand-ins on demand: `start_upstream(builder, ..., **faults)`; one at a time."""
    stops: list[Callable[[], object]] = []

    def start(*builders: Callable[[RepoRoot], object], **faults: Any) -> Upstream:
        root = RepoRoot(tmp_path / "upstream")
        root.root.mkdir(exist_ok=True)
        for build in builders:
            build(root)
        url, cdn, stop = hub.start(root.root, tokens=TOKENS, config=faults)
        stops.append(stop)
        return Upstream(url, cdn, root)

    yield start
    for stop in stops:
        stop()


@pytest.fixture
def upstream(start_upstream: Callable[..., Upstream]) -> Upstream:
    """Run a Hub with all the small repositories of tests.standins.repos."""
    return start_upstream(standard)
