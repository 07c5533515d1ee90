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
from pathlib import Path

import psutil

from config.yard.services import Postgres, Valkey, wait_until

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
            _start(stack, valkey.command(), cwd=valkey.folder)
            _insist("Valkey", wait_until(valkey.answers, seconds=60))
            os.environ["REDIS_URL"] = valkey.url
        yield folder


def _start_postgres(stack: ExitStack, folder: Path) -> None:
    sockets = folder / "s"
    sockets.mkdir(mode=0o700)
    postgres = Postgres(data=folder / "postgres", sockets=sockets, durable=False)
    postgres.make()
    _start(stack, postgres.command(), cwd=folder, end=signal.SIGINT)
    _insist("PostgreSQL", wait_until(postgres.answers, seconds=120))
    postgres.prepare()
    os.environ["DATABASE_URL"] = postgres.url


def _start(
    stack: ExitStack,
    command: list[str],
    *,
    cwd: Path,
    end: signal.Signals = signal.SIGTERM,
    **environ: str,
) -> subprocess.Popen[bytes]:
    log = tempfile.TemporaryFile()  # noqa: SIM115 the stack closes it
    stack.callback(log.close)
    process = subprocess.Popen(
        command, cwd=cwd, stdout=log, stderr=log, env={**os.environ, **environ}
    )
    stack.callback(process.wait, 60)
    stack.callback(process.send_signal, end)
    return process


def _insist(name: str, answers: bool) -> None:
    if not answers:
        sys.exit(f"{name} does not start.")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def web(folder: Path, *, workers: int = 2) -> Iterator[tuple[int, int]]:
    """Start the web workers and the front; give the front's port and the workers' own."""
    direct, front = free_port(), free_port()
    with ExitStack() as stack:
        words = ["--interface", "wsgi", "--http", "1", "--no-ws", "--host", "127.0.0.1"]
        words += ["--port", str(direct), "--workers", str(workers), "--blocking-threads", "4"]
        words += ["--log-level", "warning", "config.wsgi:application"]
        server = _start(stack, [sys.executable, "-m", "granian", *words], cwd=ROOT)
        _insist("The web server", wait_until(lambda: _listens(direct), seconds=60))
        caddy = Path(sys.executable).with_name("caddy")
        (folder / "static").mkdir(exist_ok=True)
        _start(
            stack,
            [str(caddy), "run", "--adapter", "caddyfile", "--config", "config/Caddyfile"],
            cwd=ROOT,
            APP_PORT=str(front),
            FRONT_BIND="127.0.0.1",
            WEB_UPSTREAM=f"127.0.0.1:{direct}",
            STATIC_ROOT=str(folder / "static"),
            STORE_DIR=str(folder / "store"),
            XDG_DATA_HOME=str(folder / "caddy"),
            XDG_CONFIG_HOME=str(folder / "caddy"),
        )
        _insist("The front", wait_until(lambda: _listens(front), seconds=60))
        time.sleep(1)
        yield front, direct
        print(f"memory of the web server: {memory(server.pid):.0f} MB")


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def memory(pid: int) -> float:
    """Resident megabytes of a process and its children."""
    parent = psutil.Process(pid)
    return sum(p.memory_info().rss for p in [parent, *parent.children(recursive=True)]) / 1e6
