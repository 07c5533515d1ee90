"""A PostgreSQL and a Valkey of this test run alone, up before Django reads its settings.

Loaded by `-p tests.services.plugin`, so run tests by `python -m pytest` from the project's folder.
Where DATABASE_URL or REDIS_URL is given, that server is used instead.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

from config.yard.places import SHORT_BASE
from config.yard.services import Postgres, Valkey, wait_until
from tests.services import parallel
from tests.services.parallel import STARTED
from tests.services.ports import free_port

CLEARED = ("CLAMD_SOCKET", "CLAMD_HOST", "ARIA2_RPC_URL", "HF_TOKEN", "PUBLIC_URL")
CLEARED += ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_COMPATIBLE_API_KEY")
CLEARED += ("PERPLEXITY_API_KEY", "LLM_MODEL")
# How full and how busy the disks of this machine are is nothing that a test may depend on.
GIVEN = {"DISK_WARN_PERCENT": "100", "DISK_PAUSE_PERCENT": "100", "IO_PRESSURE_LIMIT": "99"}
# Nor do tests count on what others asked before them; those of the limits set their own.
GIVEN |= {"HUB_RATE_API": "0", "HUB_RATE_FILES": "0", "HUB_RATE_PAGES": "0"}


class TestServices:
    """The services of one run, in a folder that goes with them."""

    __test__ = False

    def __init__(self) -> None:
        base = SHORT_BASE if SHORT_BASE.is_dir() else Path(tempfile.gettempdir())
        self.folder = Path(tempfile.mkdtemp(prefix="yard-test-", dir=base))
        self.running: list[tuple[subprocess.Popen[bytes], signal.Signals]] = []

    def start(self) -> None:
        for name in CLEARED:
            os.environ.pop(name, None)
        os.environ.update(GIVEN)
        os.environ["STATE_DIR"] = str(self.folder / "state")
        os.environ[STARTED] = parallel.SERVER_STAYS
        if not os.environ.get("DATABASE_URL"):
            self.start_postgres()
            os.environ[STARTED] = parallel.SERVER_ENDS
        if not os.environ.get("REDIS_URL"):
            self.start_valkey()

    def start_postgres(self) -> None:
        sockets = self.folder / "s"
        sockets.mkdir(mode=0o700)
        postgres = Postgres(data=self.folder / "postgres", sockets=sockets, durable=False)
        postgres.make()
        # It would analyse tables while all rows of a test are uncommitted, that is, take them for
        # empty: plans, and how long a test takes, would depend on the minute.
        command = [*postgres.command(), "-c", "autovacuum=off"]
        self.run("postgres", command, cwd=self.folder, end=signal.SIGINT)
        self.insist("postgres", wait_until(postgres.answers, seconds=120))
        postgres.prepare()
        os.environ["DATABASE_URL"] = postgres.url

    def start_valkey(self) -> None:
        valkey = Valkey(
            folder=self.folder / "valkey", port=free_port(), password="of-this-run", durable=False
        )
        valkey.make()
        self.run("valkey", valkey.command(), cwd=valkey.folder, end=signal.SIGTERM)
        self.insist("valkey", wait_until(valkey.answers, seconds=120))
        os.environ["REDIS_URL"] = valkey.url

    def run(self, name: str, command: list[str], *, cwd: Path, end: signal.Signals) -> None:
        """Start a server that ends even when this process is killed, where the system can."""
        if shutil.which("setpriv"):
            command = ["setpriv", "--pdeathsig", end.name.removeprefix("SIG"), "--", *command]
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=log, stderr=log, process_group=0
            )
        self.running.append((process, end))

    def insist(self, name: str, answers: bool) -> None:
        if not answers:
            log = (self.folder / f"{name}.log").read_text()
            pytest.exit(f"{name} of the tests does not start:\n{log}", returncode=3)

    def stop(self) -> None:
        for process, end in reversed(self.running):
            process.send_signal(end)
        for process, _ in reversed(self.running):
            process.wait(timeout=60)
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config):
    if not os.environ.get(STARTED):
        services = TestServices()
        early_config.add_cleanup(services.stop)
        services.start()
    elif parallel.WORKER:
        parallel.keep_apart()
    early_config.pluginmanager.register(parallel)
    # A shell lets what it starts with `&` ignore this; tests send it to themselves and to yards.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    static = Path(os.environ["STATE_DIR"], "static")
    static.mkdir(parents=True, exist_ok=True)  # whitenoise warns without it
    return (yield)
