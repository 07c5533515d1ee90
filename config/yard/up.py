"""`make up`, step by step: check, start services, prepare the database, start the rest, follow."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import time
from contextlib import closing
from types import FrameType

import psycopg
import redis

from config.settings.env import BASE_DIR, Environment
from config.yard.launch import end, marked
from config.yard.lock import only_yard
from config.yard.logs import Console, Logs
from config.yard.places import Places, YardError
from config.yard.ports import check_free
from config.yard.programs import (
    base_programs,
    bind_addresses,
    child_environ,
    choose_services,
    module,
    write_services,
    yard_programs,
)
from config.yard.supervise import Supervisor
from config.yard.tools import Clamd, find, install_missing
from core.errors import ModelyardError

LOOPBACK_OF = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 compared, not bound
GATHER_EVERY = 60  # seconds
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequestedError(Exception):
    """Ctrl-C, or a signal that means the same."""


class Yard:
    """One run of `make up`."""

    def __init__(self, env: Environment, console: Console) -> None:
        self.env = env
        self.console = console
        self.places = Places(env.STATE_DIR.resolve())
        self.gathered = time.monotonic()

    def run(self) -> None:
        """Run until a stop is asked for; raise YardError for what the person must mend."""
        self.places.make()
        with only_yard(self.places, port=self.env.APP_PORT):
            left = end(marked(str(self.places.state)))
            if left:
                self.console.say(f"ended {left} processes that an earlier run left behind")
            check_free(bind_addresses(self.env), self.env.APP_PORT)
            if not self.env.SKIP_SYSTEM_PACKAGES:
                install_missing(self.console.say)
            self.assemble()
            try:
                self.bring_up()
                self.follow()
            finally:
                self.bring_down()

    def assemble(self) -> None:
        """Decide what runs and write its configuration."""
        self.services = choose_services(self.env, self.places)
        self.services.make()
        write_services(self.services, self.places)
        self.base = base_programs(self.services, self.places)
        self.rest = yard_programs(self.env, self.services, self.places)
        programs = [*self.base, *self.rest]
        self.logs = Logs(self.places.log, [program.name for program in programs], self.console)
        self.environ = child_environ(self.env, self.services, self.places)
        self.supervisor = Supervisor(self.places, programs, self.environ, self.logs.pump)

    def bring_up(self) -> None:
        """Start everything in order and say where it is."""
        self.say_what_is_used()
        self.supervisor.start()
        self.start_base()
        if account := self.prepare():
            self.console.say(account)
        self.start_rest()
        self.console.say("")
        self.console.say(f"Modelyard is ready at http://localhost:{self.env.APP_PORT}")
        self.console.say("Ctrl-C stops it.\n")

    def start_base(self) -> None:
        self.supervisor.start_programs(self.base)
        if self.services.postgres:
            self.supervisor.wait_for("postgres", self.services.postgres.answers, seconds=120)
            self.services.postgres.prepare()
        else:
            check_database(self.env.DATABASE_URL)
        if self.services.valkey:
            self.supervisor.wait_for("valkey", self.services.valkey.answers, seconds=120)
        else:
            check_broker(self.env.REDIS_URL)

    def start_rest(self) -> None:
        self.supervisor.start_programs(self.rest)
        for name in ("front", "web"):
            self.supervisor.wait_for(name, self.is_ready, seconds=180)
        self.supervisor.wait_for("streams", self.is_sending, seconds=180)

    def is_ready(self) -> bool:
        """Ask /ready, as people would."""
        return self.status_of("/ready") == http.HTTPStatus.OK

    def is_sending(self) -> bool:
        """Ask with what is no ticket: the streams process itself says no."""
        return self.status_of("/-bytes/none") == http.HTTPStatus.FORBIDDEN

    def status_of(self, path: str) -> int:
        """Ask through the front; 0 where nobody answers."""
        bound = bind_addresses(self.env)[0]
        address = LOOPBACK_OF.get(bound, bound)
        with closing(http.client.HTTPConnection(address, self.env.APP_PORT, timeout=10)) as asked:
            try:
                asked.request("GET", path, headers={"Host": "localhost"})
                return asked.getresponse().status
            except (OSError, http.client.HTTPException):
                return 0

    def prepare(self) -> str:
        """Bring database and static files up to date; give the admin account when it was made."""
        self.console.say("preparing the database")
        process = subprocess.Popen(  # noqa: S603 our own interpreter
            module("config.prepare"),
            cwd=BASE_DIR,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            account, reasons = process.communicate()
        except StopRequestedError:
            process.terminate()
            process.communicate()
            raise
        if process.returncode != 0:
            self.console.say(reasons, name="prepare")
            raise YardError("The database could not be prepared; the reason is above.")
        return account.strip()

    def follow(self) -> None:
        """Print the logs until a stop is asked for; a killed supervisord is started again."""
        while True:
            self.logs.pump()
            self.supervisor.revive(self.console.say)
            self.gather_signatures()
            if not self.supervisor.alive():
                self.console.say("supervisord ended; starting everything again")
                end(marked(str(self.places.state)))
                self.supervisor.start()
                self.start_base()
                self.start_rest()
            time.sleep(0.2)

    def gather_signatures(self) -> None:
        """Let clamd read what updates brought; it looks into its folder by itself."""
        if self.services.clamd and time.monotonic() - self.gathered > GATHER_EVERY:
            self.gathered = time.monotonic()
            self.services.clamd.gather()

    def bring_down(self) -> None:
        heed_no_more_signals()
        self.console.say("stopping; this takes a few seconds")
        self.supervisor.stop()
        self.logs.pump()
        self.places.clear_sockets()
        self.console.say("stopped")

    def say_what_is_used(self) -> None:
        """Say for each service whether it is embedded, given, or absent and what that means."""
        services = self.services
        given = "the one that was given"
        self.console.say(f"state      {self.places.state}")
        self.console.say(f"PostgreSQL {'embedded' if services.postgres else given}")
        self.console.say(f"Valkey     {'embedded' if services.valkey else given}")
        if services.aria2 or self.env.ARIA2_RPC_URL:
            self.console.say(f"aria2      {'found' if services.aria2 else given}")
        else:
            self.console.say("aria2      not found; the yard's own downloader is used")
        if services.clamd or self.env.CLAMD_SOCKET or self.env.CLAMD_HOST:
            self.console.say(f"clamd      {'found' if services.clamd else given}")
        else:
            self.console.say(f"clamd      {self.why_no_clamd()}")

    def why_no_clamd(self) -> str:
        if not find("clamd"):
            return "not found; files are not scanned for known malware"
        folder = Clamd(self.places.state / "clamav", self.places.socket("clamd")).signatures
        return (
            "found, but there are no signatures, so files are not scanned for known malware.\n"
            f"           Get them, then start again: freshclam --datadir='{folder}'"
        )


def check_database(url: str) -> None:
    """Raise when the PostgreSQL that was given does not answer; its password stays unsaid."""
    try:
        psycopg.connect(url, connect_timeout=10).close()
    except psycopg.ProgrammingError as error:  # its text repeats the address, password included
        raise YardError("DATABASE_URL is no address of a PostgreSQL.") from error
    except psycopg.Error as error:
        raise YardError(f"The PostgreSQL of DATABASE_URL does not answer: {error}") from error


def check_broker(url: str) -> None:
    """Raise when the Redis that was given does not answer; its password stays unsaid."""
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=10) as client:
            client.ping()
    except ValueError as error:
        raise YardError("REDIS_URL is no address of a Redis or Valkey.") from error
    except redis.RedisError as error:
        raise YardError(f"The server of REDIS_URL does not answer: {error}") from error


def stop_requested(number: int, frame: FrameType | None) -> None:
    heed_no_more_signals()  # a second Ctrl-C must not break off the stop
    raise StopRequestedError


def heed_no_more_signals() -> None:
    for number in STOP_SIGNALS:
        signal.signal(number, lambda number, frame: None)


def up(env: Environment) -> int:
    """Run a yard in the foreground; give the exit code."""
    console = Console()
    os.umask(0o077)
    for number in STOP_SIGNALS:
        signal.signal(number, stop_requested)
    try:
        Yard(env, console).run()
    except StopRequestedError:
        return 0
    except (YardError, ModelyardError) as error:
        console.say(str(error))
        return 1
    return 0
