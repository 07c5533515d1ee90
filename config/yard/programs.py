"""The programs of one yard: what runs, in which order, and with which addresses."""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path

from config.settings.env import BASE_DIR, Environment
from config.worker import WORKERS
from config.yard.launch import STATE_MARK
from config.yard.places import Places
from config.yard.ports import kept_port, loopbacks
from config.yard.services import Postgres, Valkey
from config.yard.tools import Clamd, find
from downloads.fetchers.daemon import Aria2Daemon

LOCAL = frozenset({"", "localhost", "127.0.0.1"})
# Otherwise glibc keeps a heap for each thread that ever had work, and gives little of it back.
SMALL = {"MALLOC_ARENA_MAX": "2"}
CONNECTIONS = 65_536  # files of the programs that send bytes: two or three for each that reads them
QUIET = {"PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges"}


@dataclass(frozen=True)
class Program:
    """One program under the supervisor. Lower layers start first and stop last."""

    name: str
    argv: list[str]
    layer: int = 2
    stop_signal: str = "TERM"
    stop_seconds: int = 12
    folder: Path = BASE_DIR
    environ: dict[str, str] = field(default_factory=dict)
    sockets: list[Path] = field(default_factory=list)  # what a killed process left is in its way
    files: int = 0  # that it may have open, connections included; 0 leaves what is usual here

    def launched(self) -> dict[str, object]:
        """Give what `launch` needs to become it."""
        return {
            "argv": self.argv,
            "folder": str(self.folder),
            "environ": self.environ,
            "sockets": [str(socket) for socket in self.sockets],
            "files": self.files,
            "death_signal": signal.Signals[f"SIG{self.stop_signal}"].name,
        }


@dataclass(frozen=True)
class Services:
    """The embedded services of one yard; None where an address given from outside is used."""

    postgres: Postgres | None
    valkey: Valkey | None
    aria2: Aria2Daemon | None
    clamd: Clamd | None

    def environ(self) -> dict[str, str]:
        """Give the settings that lead to the embedded services."""
        told: dict[str, str] = {}
        if self.postgres:
            told["DATABASE_URL"] = self.postgres.url
        if self.valkey:
            told["REDIS_URL"] = self.valkey.url
        if self.aria2:
            told |= {"ARIA2_RPC_URL": self.aria2.url, "ARIA2_RPC_SECRET": self.aria2.secret}
        if self.clamd:
            told["CLAMD_SOCKET"] = str(self.clamd.socket)
        return told

    def make(self) -> None:
        """Write what each needs before it can start."""
        for service in (self.postgres, self.valkey, self.aria2, self.clamd):
            if service:
                service.make()


def choose_services(env: Environment, places: Places) -> Services:
    """Embed what no setting names and what this machine has."""
    ports = places.run / "ports.json"
    postgres = Postgres(data=places.state / "postgres", sockets=places.sockets)
    valkey = aria2 = None
    if not env.REDIS_URL:
        valkey = Valkey(
            folder=places.state / "valkey",
            port=kept_port(ports, "valkey"),
            password=env.kept_secret("valkey"),
        )
    if not env.ARIA2_RPC_URL and (binary := find("aria2c")):
        aria2 = Aria2Daemon(
            binary=binary,
            staging=places.state / "staging",
            session=places.state / "aria2" / "session",
            port=kept_port(ports, "aria2"),
            secret=env.ARIA2_RPC_SECRET.get_secret_value() or env.kept_secret("aria2"),
        )
    clamd = Clamd(folder=places.state / "clamav", socket=places.socket("clamd"))
    elsewhere = bool(env.CLAMD_SOCKET or env.CLAMD_HOST)
    usable = not elsewhere and bool(find("clamd")) and bool(clamd.databases())
    return Services(
        postgres=None if env.DATABASE_URL else postgres,
        valkey=valkey,
        aria2=aria2,
        clamd=clamd if usable else None,
    )


def base_programs(services: Services, places: Places) -> list[Program]:
    """List what must answer before anything of ours can start."""
    programs = []
    if services.postgres:
        programs.append(
            Program(
                "postgres",
                services.postgres.command(),
                layer=0,
                stop_signal="INT",
                stop_seconds=60,
                folder=places.state,
                environ={"LC_ALL": "C"},
            )
        )
    if services.valkey:
        folder = services.valkey.folder
        programs.append(
            Program("valkey", services.valkey.command(), layer=1, stop_seconds=30, folder=folder)
        )
    return programs


def yard_programs(env: Environment, services: Services, places: Places) -> list[Program]:
    """List the rest: front, web, streams, workers by queue, beat, and the tools found."""
    programs = [front(env, places), web(env, places), streams(env, places), *workers()]
    if services.aria2:
        programs.append(Program("aria2", services.aria2.command()))
    if services.clamd:
        programs.append(Program("clamd", services.clamd.command(), stop_seconds=20))
    return programs


def module(name: str, *words: str) -> list[str]:
    """Give the command for a Python module of our environment."""
    return [sys.executable, "-m", name, *words]


def bind_addresses(env: Environment) -> list[str]:
    return loopbacks() if env.BIND_ADDRESS in LOCAL else [env.BIND_ADDRESS]


def front(env: Environment, places: Places) -> Program:
    caddy = Path(sys.executable).with_name("caddy")
    own = places.state / "caddy"
    environ = {
        "APP_PORT": str(env.APP_PORT),
        "FRONT_BIND": " ".join(bind_addresses(env)),
        "WEB_UPSTREAM": " ".join(f"unix/{socket}" for socket in web_sockets(env, places)),
        "STREAMS_UPSTREAM": f"unix/{places.socket('streams')}",
        "STATIC_ROOT": str(places.state / "static"),
        "STORE_DIR": str(env.STORE_DIR.resolve() if env.STORE_DIR else places.state / "store"),
        "SENT_LOG": str(own / "sent.log"),
        "XDG_DATA_HOME": str(own),
        "XDG_CONFIG_HOME": str(own),
        # On more it would look for work on cores that the web workers and PostgreSQL have work for.
        "GOMAXPROCS": os.environ.get("GOMAXPROCS") or str(max(1, (os.cpu_count() or 1) // 2)),
    }
    file = str(BASE_DIR / "config" / "Caddyfile")
    argv = [str(caddy), "run", "--adapter", "caddyfile", "--config", file]
    return Program("front", argv, environ=environ, files=CONNECTIONS)


def web_sockets(env: Environment, places: Places) -> list[Path]:
    """One for each web process, so that the front can choose between them."""
    return [places.socket(f"web-{number}") for number in range(1, env.WEB_WORKERS + 1)]


def web(env: Environment, places: Places) -> Program:
    sockets = web_sockets(env, places)
    argv = module("config.web", *map(str, sockets))
    return Program("web", argv, environ=SMALL, sockets=sockets)


def streams(env: Environment, places: Places) -> Program:
    """Thousands of answers at once, each as long as its client takes: never more than are taken."""
    socket = places.socket("streams")
    words = ["--interface", "asgi", "--http", "1", "--no-ws", "--uds", str(socket)]
    words += ["--uds-permissions", "0o600", "--workers", str(env.STREAM_WORKERS)]
    words += ["--backlog", "4096", "--backpressure", str(CONNECTIONS // 4)]
    words += ["--http1-buffer-size", "65536"]  # what a client that reads nothing may cost
    words += ["--respawn-failed-workers", "--workers-kill-timeout", "8", "--log-level", "warning"]
    argv = module("granian", *words, "config.streams:application")
    return Program("streams", argv, environ=SMALL, sockets=[socket], files=CONNECTIONS)


def workers() -> list[Program]:
    """List the background workers by the queues they work, and beat, which wakes them."""
    return [
        *(
            Program(f"worker-{name}", module("config.worker", name), environ=SMALL | QUIET)
            for name in WORKERS
        ),
        Program("beat", module("config.worker", "beat"), environ=SMALL),
    ]


def child_environ(env: Environment, services: Services, places: Places) -> dict[str, str]:
    """Give the environment of every program: ours, with the addresses of what is embedded."""
    unwanted = {"PYTHONPATH", "PYTHONHOME", "PGDATA", "PGHOST", "PGPORT", "PGUSER", "PGPASSWORD"}
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    return {
        **kept,
        **services.environ(),
        STATE_MARK: str(places.state),
        "STATE_DIR": str(places.state),
        "APP_PORT": str(env.APP_PORT),
        "BYTES_BY": bytes_by(env),
        "TRUST_FRONT": "true",
        "PYTHONUNBUFFERED": "1",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "MODELYARD_PROGRAMS": str(places.run / "programs.json"),
    }


def bytes_by(env: Environment) -> str:
    """The way that was asked for; else the front sends from a folder, and streams from afar."""
    if "BYTES_BY" in env.model_fields_set:
        return env.BYTES_BY
    return "streams" if env.MINIO_ENDPOINT else "front"


def write_private(file: Path, text: str) -> None:
    """Write a file that only this user can read, replacing the old one at once."""
    fresh = file.with_name(file.name + ".new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    fresh.replace(file)


def write_programs(programs: list[Program], places: Places) -> None:
    write_private(
        places.run / "programs.json",
        json.dumps({program.name: program.launched() for program in programs}, indent=1),
    )


def write_services(services: Services, places: Places) -> None:
    """Leave the addresses for commands run beside the yard, such as `manage.py create_key`."""
    write_private(places.run / "services.json", json.dumps(services.environ(), indent=1))
