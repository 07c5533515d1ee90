"""The Hub that the yard of these tests takes from: its own process, faults set over HTTP."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from config.settings.env import BASE_DIR
from tests.standins.hub import DEFAULTS
from tests.standins.repos import TOKENS, RepoRoot

STARTED = re.compile(r"hub (\S+)  cdn (\S+)  repos")


class Upstream:
    """One running stand-in: `url` is the Hub, `cdn` the other origin its large files come from."""

    def __init__(self, url: str, cdn: str, repos: RepoRoot) -> None:
        self.url = url
        self.cdn = cdn
        self.repos = repos
        self.rules: list[dict[str, object]] = []

    def reload(self) -> None:
        """Serve what the folder holds now."""
        httpx2.post(f"{self.url}/__standin__/reload", timeout=60).raise_for_status()

    def config(self, **faults: Any) -> None:
        """Set faults by the names in tests.standins.hub.DEFAULTS."""
        url = f"{self.url}/__standin__/config"
        httpx2.post(url, json=faults, timeout=60).raise_for_status()

    @contextmanager
    def fault(self, **faults: Any) -> Iterator[None]:
        """Set faults for as long as the block runs."""
        self.config(**faults)
        try:
            yield
        finally:
            self.config(**{name: DEFAULTS[name] for name in faults})

    @contextmanager
    def hold(self, pattern: str) -> Iterator[None]:
        """Leave requests that match without an answer until the block ends."""
        rule = {"match": pattern, "hold": True}
        self.rules.append(rule)
        self.config(inject=self.rules)
        try:
            yield
        finally:
            self.rules.remove(rule)
            self.config(inject=self.rules)

    def folder(self, repo_id: str) -> Path:
        return self.repos.root / "models" / repo_id


@contextmanager
def running_upstream(repos: RepoRoot) -> Iterator[Upstream]:
    """Run the stand-in over this folder until the block ends."""
    tokens = repos.root / "tokens.json"
    tokens.write_text(json.dumps(TOKENS))
    words = ["--port", "0", "--cdn-port", "0", "--tokens", str(tokens)]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.standins.hub", str(repos.root), *words],
        cwd=BASE_DIR,
        env=dict(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        said = process.stdout.readline()
        found = STARTED.match(said)
        assert found, f"the stand-in did not start: {said!r}"
        yield Upstream(found[1], found[2], repos)
    finally:
        process.kill()
        process.communicate()
