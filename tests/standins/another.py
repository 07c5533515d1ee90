"""A second Hub at an origin of its own: the stand-in in a process beside that of the test."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from tests.standins.repos import TOKENS, RepoRoot


@dataclass(frozen=True)
class AnotherHub:
    """`url` is the Hub; its files come from there too."""

    url: str

    def config(self, **faults: Any) -> None:
        """Set faults by the names in hub.DEFAULTS; counters start again."""
        httpx2.post(f"{self.url}/__standin__/config", json=faults).raise_for_status()

    def reset(self) -> None:
        """Forget faults, counters and the log."""
        httpx2.get(f"{self.url}/__standin__/reset").raise_for_status()
        self.config(cdn=False)

    def log(self) -> list[dict[str, Any]]:
        """Return what was asked."""
        found: list[dict[str, Any]] = httpx2.get(f"{self.url}/__standin__/log").json()
        return found


@contextmanager
def another_hub(folder: Path, build: Callable[[RepoRoot], object]) -> Iterator[AnotherHub]:
    """Run it until the block ends, with the repositories that are built below the folder."""
    root = folder / "another"
    root.mkdir()
    build(RepoRoot(root))
    tokens = folder / "tokens.json"
    tokens.write_text(json.dumps(TOKENS))
    words = [str(root), "--port", "0", "--cdn-port", "0", "--tokens", str(tokens)]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.standins.hub", *words], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            hub = AnotherHub(process.stdout.readline().split()[1])
            hub.reset()
            yield hub
        finally:
            process.terminate()
