"""Beside a mirror of the Hub from the package index (olah): HEAD, model info and bytes of a file.

Both hold the same model, the mirror after it took it once from a stand-in of the Hub. The mirror
decides nothing, keeps no trail and knows no keys. In one run, in turn; nginx sends the same file.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench import _load, _yard, serving
from bench._peers import python_of
from config.yard.services import wait_until

REPO = "acme/large"
_CONNECTIONS = 16
_SLOW = 400  # requests: at twenty a second the mirror needs its time


@dataclass(frozen=True)
class Hub:
    """What speaks the Hub protocol at an address, and has the file as part of this repository."""

    name: str
    base: str
    repo: str
    requests: int
    key: str = ""

    def address(self, file: Path) -> str:
        return f"{self.base}/{self.repo}/resolve/main/{file.name}"


def run(options: argparse.Namespace) -> None:
    folder = Path(tempfile.mkdtemp(prefix="yard-bench-"))
    os.environ.update({f"HUB_RATE_{bucket}": str(10**9) for bucket in ("API", "FILES")})
    # Before anything reads settings.
    os.environ.update(STORE_DIR=str(folder / "store"), SECRET_KEY="of this run", TRUST_FRONT="true")
    try:
        file = serving.make_file(folder / "plain", options.megabytes)
        with ExitStack() as stack:
            stack.enter_context(_yard.services())
            (nginx,) = stack.enter_context(serving.nginx(folder / "plain", file))
            hubs = [stack.enter_context(_mirror(folder, file))]
            hubs.append(stack.enter_context(_yard_of(folder, file)))
            targets = [serving.Target(hub.name, hub.address(file), hub.key) for hub in hubs]
            serving.compare([nginx, *targets], file.stat().st_size)
            for hub in hubs:
                _print_asked(hub, file)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _print_asked(hub: Hub, file: Path) -> None:
    """Requests a second at 16 connections, for HEAD of the file and for the description."""
    asked = {"HEAD": hub.address(file), "GET": f"{hub.base}/api/models/{hub.repo}"}
    for method, address in asked.items():
        parts = urlsplit(address)
        found = _load.measure(
            parts.port or 80,
            [parts.path],
            {"Authorization": f"Bearer {hub.key}"} if hub.key else {},
            connections=_CONNECTIONS,
            requests=hub.requests,
            method=method,
        )
        what = "HEAD of a file" if method == "HEAD" else "model info"
        print(f"{hub.name:<28}{what:<16}{found.rate:>8.0f}/s   p95 {found.at(0.95):.1f} ms")


@contextmanager
def _mirror(folder: Path, file: Path) -> Iterator[Hub]:
    """Start the stand-in and the mirror before it."""
    from tests.e2e.upstream import running_upstream
    from tests.standins.repos import RepoRoot

    repos = RepoRoot(folder / "upstream")
    base = repos.repo(REPO, {"config.json": '{"model_type": "bert"}'})
    shutil.copyfile(file, base / file.name)
    port = _yard.free_port()
    address = f"127.0.0.1:{port}"
    with ExitStack() as stack:
        upstream = stack.enter_context(running_upstream(repos))
        hub, cdn = urlsplit(upstream.url).netloc, urlsplit(upstream.cdn).netloc
        command = [str(python_of("olah").with_name("olah-cli")), "--host", "127.0.0.1"]
        command += ["--port", str(port), "--hf-scheme", "http", "--hf-netloc", hub]
        command += ["--hf-lfs-netloc", cdn, "--mirror-netloc", address]
        command += ["--mirror-lfs-netloc", address, "--repos-path", str(folder / "mirrored")]
        place = folder / "mirror"
        place.mkdir()
        _yard.start(stack, command, cwd=place)
        _yard.insist("olah", wait_until(lambda: _yard.listens(port), seconds=60))
        yield Hub("olah", f"http://{address}", REPO, requests=_SLOW)


@contextmanager
def _yard_of(folder: Path, file: Path) -> Iterator[Hub]:
    """Start a yard that has the file."""
    repo, key, _ = serving.filled(folder / "store", file)
    with serving.programs(folder, "front") as (port, _):
        yield Hub("the yard", f"http://127.0.0.1:{port}/hf", repo, requests=10 * _SLOW, key=key)
