"""Moving a large model: against curl, against faults, and when most of it is stored already."""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2

from bench._weights import MEGA, large_model

if TYPE_CHECKING:
    from tests.e2e.yard import Person, Yard

FILES = 40
SLOW = 20 * MEGA  # bytes a second and connection
MOVING = ("fetch", "verify")


@dataclass(frozen=True)
class Moved:
    """What one import took: seconds of its moving steps, and what upstream sent for it."""

    document: dict[str, Any]
    seconds: float
    sent: int
    requests: int


def run(options: argparse.Namespace) -> None:
    from tests.e2e.upstream import running_upstream
    from tests.e2e.yard import running_yard
    from tests.standins.repos import RepoRoot

    folder = Path(tempfile.mkdtemp(prefix="yard-bench-"))
    repos = RepoRoot(folder / "upstream")
    size = options.megabytes
    models = {name: f"bench/{name}" for name in ("plain", "twin", "slow", "faulty")}
    plain = large_model(repos, models["plain"], files=FILES, megabytes=size, seed=1)
    large_model(repos, models["twin"], files=FILES, megabytes=size, seed=2, shared=plain)
    large_model(repos, models["slow"], files=FILES, megabytes=size, seed=3)
    large_model(repos, models["faulty"], files=FILES, megabytes=size, seed=4)
    try:
        with running_upstream(repos) as upstream, running_yard(upstream) as yard:
            person = yard.person("bench", tier="professional", role="curator")
            bench = Bench(yard, person, folder)
            bench.unthrottled(models["plain"])
            bench.shared(models["twin"])
            bench.readme(models["twin"])
            bench.throttled(models["slow"])
            bench.faulty(models["faulty"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Bench:
    """The comparisons, each on models that this yard has not seen."""

    def __init__(self, yard: Yard, person: Person, folder: Path) -> None:
        self.yard, self.upstream, self.person, self.folder = yard, yard.upstream, person, folder

    def unthrottled(self, repo_id: str) -> None:
        alone = self._curl(repo_id)
        moved = self._bring(repo_id)
        self._say("unthrottled", repo_id, moved)
        _beside_curl(alone, moved)

    def throttled(self, repo_id: str) -> None:
        with self.upstream.fault(slow_bps=SLOW):
            alone = self._curl(repo_id)
            moved = self._bring(repo_id)
        self._say("20 MB/s a connection", repo_id, moved)
        _beside_curl(alone, moved)

    def shared(self, repo_id: str) -> None:
        self._say("shares 95 % with the one before", repo_id, self._bring(repo_id))

    def readme(self, repo_id: str) -> None:
        """Push a commit that changes the README alone."""
        from tests.standins.pushes import push

        before = self._scans()
        push(
            self.upstream.repos, repo_id, {"README.md": "---\nlicense: apache-2.0\n---\n\nMore.\n"}
        )
        self.upstream.reload()
        self._say("another README", repo_id, self._bring(repo_id))
        print(f"  contents scanned: {self._scans() - before}")

    def faulty(self, repo_id: str) -> None:
        faults = {
            "reset_after_bytes": 50 * MEGA,
            "reset_times": 3,
            "short_after_bytes": 10 * MEGA,
            "short_times": 1,
            "corrupt": {"*-00007-of-*": "flip", "*-00023-of-*": "flip"},
            "corrupt_times": 1,
            "cdn_ttl": 20,
            "slow_bps": SLOW,
            "inject": [{"match": "GET /repos/", "status": 503, "times": 20}],
        }
        with self.upstream.fault(**faults):
            moved = self._bring(repo_id)
        self._say("resets, 503, truncation, flipped bytes, links of 20 s", repo_id, moved)
        self._compare(repo_id)

    def _bring(self, repo_id: str) -> Moved:
        httpx2.get(f"{self.upstream.url}/__standin__/log?clear", timeout=60)
        document = self.yard.bring(self.person, repo_id)
        asked = httpx2.get(f"{self.upstream.url}/__standin__/log", timeout=60).json()
        steps = {step["name"]: step for step in document["steps"]}
        seconds = sum(_seconds(steps[name]) for name in MOVING)
        sent = sum(entry.get("sent", 0) for entry in asked)
        return Moved(document, seconds, sent, len(asked))

    def _say(self, name: str, repo_id: str, moved: Moved) -> None:
        size = sum(path.stat().st_size for path in self._weights(repo_id))
        state = moved.document["state"]
        print(f"{name}: {state}; {moved.seconds:.1f} s to move and verify {size / 1e6:.0f} MB")
        share = moved.sent / size
        sent = f"{moved.sent / 1e6:.1f} MB ({share:.3f} of it)"
        print(f"  upstream sent {sent}, {moved.requests} requests", flush=True)

    def _compare(self, repo_id: str) -> None:
        """Say whether every weight is in the store, byte by byte."""
        store = self.yard.state / "store" / "sha256"
        wrong = 0
        for path in self._weights(repo_id):
            digest = _sha256(path)
            kept = store / digest[:2] / digest[2:4] / digest
            wrong += not kept.is_file() or _sha256(kept) != digest
        print(f"  files that are not there byte by byte: {wrong}")

    def _scans(self) -> int:
        return int(self.yard.rows("select count(distinct sha256) from scanning_scan")[0][0])

    def _weights(self, repo_id: str) -> list[Path]:
        return sorted(self.upstream.folder(repo_id).rglob("*.safetensors"))

    def _curl(self, repo_id: str) -> float:
        """Seconds that curl and sha256sum need for the same files, one after the other."""
        target = self.folder / "curl"
        target.mkdir()
        began = time.perf_counter()
        for path in self._weights(repo_id):
            address = f"{self.upstream.url}/{repo_id}/resolve/main/{path.name}"
            kept = str(target / path.name)
            subprocess.run(["curl", "-sfL", "-o", kept, address], check=True)  # noqa: S607 the machine's
            subprocess.run(["sha256sum", kept], check=True, stdout=subprocess.DEVNULL)  # noqa: S607
        seconds = time.perf_counter() - began
        shutil.rmtree(target)
        return seconds


def _beside_curl(alone: float, moved: Moved) -> None:
    ratio = alone / moved.seconds
    print(f"  curl and sha256sum {alone:.1f} s: the yard is {ratio:.2f} times as fast", flush=True)


def _seconds(step: dict[str, Any]) -> float:
    if not (step["started_at"] and step["finished_at"]):
        return 0.0
    began, ended = (datetime.fromisoformat(step[name]) for name in ("started_at", "finished_at"))
    return (ended - began).total_seconds()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
