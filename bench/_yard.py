"""A yard to measure: own PostgreSQL and Valkey, the web server and the front as in production."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from config.yard.places import Places
from config.yard.services import Postgres, Valkey, wait_until

if TYPE_CHECKING:
    from config.yard.programs import Program

ROOT = Path(__file__).resolve().parents[1]


@contextmanager
def services() -> Iterator[Path]:
    """Start what DATABASE_URL and REDIS_URL do not name, before Django reads its settings."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="yard-bench-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        os.environ.setdefault("STATE_DIR", str(folder / "state"))
        if not os.environ.get("DATABASE_URL"):
            _start_postgres(stack, folder)
        if not os.environ.get("REDIS_URL"):
            valkey = Valkey(folder / "valkey", free_port(), password="of-this-run", durable=False)
            valkey.make()
            start(stack, valkey.command(), cwd=valkey.folder)
            insist("Valkey", wait_until(valkey.answers, seconds=60))
            os.environ["REDIS_URL"] = valkey.url
        yield folder


def _start_postgres(stack: ExitStack, folder: Path) -> None:
    sockets = folder / "s"
    sockets.mkdir(mode=0o700)
    postgres = Postgres(data=folder / "postgres", sockets=sockets, durable=False)
    postgres.make()
    start(stack, postgres.command(), cwd=folder, end=signal.SIGINT)
    insist("PostgreSQL", wait_until(postgres.answers, seconds=120))
    postgres.prepare()
    os.environ["DATABASE_URL"] = postgres.url


def start(
    stack: ExitStack,
    command: list[str],
    *,
    cwd: Path,
    end: signal.Signals = signal.SIGTERM,
    **environ: str,
) -> subprocess.Popen[bytes]:
    """Start a program that ends with the stack."""
    log = tempfile.TemporaryFile()  # noqa: SIM115 the stack closes it
    stack.callback(log.close)
    process = subprocess.Popen(
        command, cwd=cwd, stdout=log, stderr=log, env={**os.environ, **environ}
    )
    stack.callback(process.wait, 60)
    stack.callback(process.send_signal, end)
    return process


def insist(name: str, answers: bool) -> None:
    """End the measurement unless it answers."""
    if not answers:
        sys.exit(f"{name} does not start.")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def web(folder: Path) -> Iterator[tuple[int, Path]]:
    """Start web, streams and front as `make up` does; give the front's port and web's socket."""
    from config.settings.env import env  # not before `services` gave the addresses
    from config.yard import programs

    places = Places(folder / "yard")
    places.make()
    (places.state / "static").mkdir()
    mine = env.model_copy(update={"APP_PORT": free_port()})
    with ExitStack() as stack:
        server = _run(stack, programs.web(mine, places))
        sockets = programs.web_sockets(mine, places)
        for one in sockets:
            insist("The web server", wait_until(partial(listens, one), seconds=60))
        sender = _run(stack, programs.streams(mine, places))
        insist("streams", wait_until(lambda: listens(places.socket("streams")), seconds=60))
        _run(stack, programs.front(mine, places))
        insist("The front", wait_until(lambda: listens(mine.APP_PORT), seconds=60))
        time.sleep(1)
        yield mine.APP_PORT, sockets[0]
        used = [f"{memory(process.pid):.0f} MB" for process in (server, sender)]
        print(f"memory of the web server: {used[0]}; of streams: {used[1]}")


def _run(stack: ExitStack, program: Program) -> subprocess.Popen[bytes]:
    return start(stack, program.argv, cwd=ROOT, **program.environ)


def listens(address: int | Path) -> bool:
    """Whether somebody takes connections there."""
    try:
        connect(address).close()
    except OSError:
        return False
    return True


def connect(address: int | Path) -> socket.socket:
    """Connect to a port of this machine, or to a socket in a file."""
    if isinstance(address, int):
        return socket.create_connection(("127.0.0.1", address), timeout=60)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(60)
    connection.connect(str(address))
    return connection


def memory(pid: int) -> float:
    """Resident megabytes of a process and its children."""
    parent = psutil.Process(pid)
    return sum(p.memory_info().rss for p in [parent, *parent.children(recursive=True)]) / 1e6
