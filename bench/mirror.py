"""Beside a mirror of the Hub from the package index (olah): HEAD, model info and bytes of a file.

The yard has as many models as `--rows` says and is asked for 20,000 of them in turn, so that none
of its answers is kept; the mirror has one, which it took once from a stand-in of the Hub, decides
nothing, keeps no trail and knows no keys. Both send the same file, and so does nginx. In one run.
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

from bench import _load, _yard, hub, lists, serving
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
    names: list[str]
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
            lists.prepare(options)
            (nginx,) = stack.enter_context(serving.nginx(folder / "plain", file))
            hubs = [stack.enter_context(_mirror(folder, file))]
            hubs.append(stack.enter_context(_yard_of(folder, file)))
            targets = [serving.Target(each.name, each.address(file), each.key) for each in hubs]
            serving.compare([nginx, *targets], file.stat().st_size)
            for each in hubs:
                _print_asked(each, file)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _print_asked(each: Hub, file: Path) -> None:
    """Requests a second at 16 connections, for HEAD of a file and for descriptions."""
    base = urlsplit(each.base)
    asked = {
        "HEAD": [f"{base.path}/{name}/resolve/main/{file.name}" for name in each.names],
        "GET": [f"{base.path}/api/models/{name}" for name in each.names],
    }
    for method, paths in asked.items():
        found = _load.measure(
            base.port or 80,
            paths,
            {"Authorization": f"Bearer {each.key}"} if each.key else {},
            connections=_CONNECTIONS,
            requests=each.requests,
            method=method,
        )
        what = "HEAD of a file" if method == "HEAD" else "model info"
        print(f"{each.name:<28}{what:<16}{found.rate:>8.0f}/s   p95 {found.at(0.95):.1f} ms")


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
        source, cdn = urlsplit(upstream.url).netloc, urlsplit(upstream.cdn).netloc
        command = [str(python_of("olah").with_name("olah-cli")), "--host", "127.0.0.1"]
        command += ["--port", str(port), "--hf-scheme", "http", "--hf-netloc", source]
        command += ["--hf-lfs-netloc", cdn, "--mirror-netloc", address]
        command += ["--mirror-lfs-netloc", address, "--repos-path", str(folder / "mirrored")]
        place = folder / "mirror"
        place.mkdir()
        _yard.start(stack, command, cwd=place)
        _yard.insist("olah", wait_until(lambda: _yard.listens(port), seconds=60))
        yield Hub("olah", f"http://{address}", REPO, [REPO], requests=_SLOW)


@contextmanager
def _yard_of(folder: Path, file: Path) -> Iterator[Hub]:
    """Start a yard that has the file, beside all that `lists.prepare` made."""
    repo, key, _ = serving.filled(folder / "store", file)
    names = hub.names("lite", "standard", "professional", most=hub.MANY_NAMES)
    with serving.programs(folder, "front") as (port, _):
        base = f"http://127.0.0.1:{port}/hf"
        yield Hub("the yard", base, repo, names, requests=10 * _SLOW, key=key)
