"""The supervisor with real programs: the killed come back, and nothing stays after a stop."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path

import psutil
import pytest

from config.yard.launch import STATE_MARK, end, marked
from config.yard.places import Places
from config.yard.ports import kept_port
from config.yard.programs import Program
from config.yard.services import Postgres, Valkey, wait_until
from config.yard.supervise import Supervisor

PATIENCE = 90.0
FAMILY = Path(__file__).with_name("family.py")


class Base:
    """Two real services and a program with a child, under a supervisor in an awkward folder."""

    def __init__(self, folder: Path) -> None:
        self.places = Places(folder / "a yard #1 ; 50% full")
        self.places.make()
        state = self.places.state
        self.script = folder / "family.py"
        shutil.copy(FAMILY, self.script)
        self.postgres = Postgres(
            data=state / "postgres", sockets=self.places.sockets, durable=False
        )
        self.valkey = Valkey(
            folder=state / "valkey",
            port=kept_port(self.places.run / "ports.json", "valkey"),
            password="secret",
        )
        self.postgres.make()
        self.valkey.make()
        self.programs = [
            Program("postgres", self.postgres.command(), layer=0, stop_signal="INT"),
            Program("valkey", self.valkey.command(), layer=1, folder=self.valkey.folder),
            Program("family", [sys.executable, str(self.script), str(folder)]),
        ]
        environ = {
            **os.environ,
            STATE_MARK: str(state),
            "MODELYARD_PROGRAMS": str(self.places.run / "programs.json"),
        }
        self.supervisor = Supervisor(self.places, self.programs, environ, lambda: None)
        self.folder = folder

    def start(self) -> None:
        self.supervisor.start()
        self.supervisor.start_programs(self.programs)
        for name, answers in (
            ("postgres", self.postgres.answers),
            ("valkey", self.valkey.answers),
            ("family", self.has_family),
        ):
            self.supervisor.wait_for(name, answers, seconds=PATIENCE)

    def has_family(self) -> bool:
        return all(alive(self.pid(name)) for name in ("main", "child"))

    def pid(self, name: str) -> int:
        try:
            return int((self.folder / f"{name}.pid").read_text())
        except (FileNotFoundError, ValueError):
            return 0

    def main_pid(self, name: str) -> int:
        rows = self.supervisor.call("getAllProcessInfo")
        return next(row["pid"] for row in rows if row["name"] == name)

    def answers(self, name: str) -> bool:
        checks = {"postgres": self.postgres.answers, "valkey": self.valkey.answers}
        return checks.get(name, self.has_family)()

    def left(self) -> list[str]:
        """Name every living process that has to do with this folder."""
        found = []
        for process in psutil.process_iter(["pid", "cmdline", "status"]):
            words = " ".join(process.info["cmdline"] or [])
            if str(self.folder) in words and process.info["status"] != psutil.STATUS_ZOMBIE:
                found.append(words)
        return found


def alive(pid: int) -> bool:
    try:
        return pid > 0 and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def base(tmp_path):
    base = Base(tmp_path)
    yield base
    try:
        base.supervisor.stop()
    finally:
        end(marked(str(base.places.state)))
        base.places.clear_sockets()


@pytest.mark.parametrize("name", ["postgres", "valkey", "family"])
def test_a_killed_program_comes_back(base, name):
    base.start()
    killed = base.main_pid(name)
    os.kill(killed, signal.SIGKILL)
    assert wait_until(
        lambda: base.main_pid(name) not in {0, killed} and base.answers(name), seconds=PATIENCE
    )


def test_what_a_killed_program_left_running_ends_before_it_starts_again(base):
    base.start()
    orphan = base.pid("child")
    os.kill(base.pid("main"), signal.SIGKILL)
    assert wait_until(lambda: base.pid("child") != orphan and base.has_family(), seconds=PATIENCE)
    assert not alive(orphan)


def test_a_program_that_was_given_up_is_tried_again_until_its_cause_has_passed(base):
    base.start()
    base.supervisor.call("stopProcess", "family")
    away = base.script.rename(base.folder / "away.py")
    base.supervisor.start_programs(base.programs[-1:])
    assert wait_until(lambda: base.supervisor.states()["family"] == "FATAL", seconds=PATIENCE)
    away.rename(base.script)
    said: list[str] = []
    base.supervisor.revive(said.append)
    assert "family keeps ending" in said[0]
    assert wait_until(base.has_family, seconds=PATIENCE)


def test_a_stop_leaves_no_process(base):
    base.start()
    assert base.left()
    base.supervisor.stop()
    assert not base.left()
    assert not marked(str(base.places.state))


def test_postgresql_is_shut_down_not_killed_by_a_stop(base):
    base.start()
    base.supervisor.stop()
    assert "database system is shut down" in (base.places.log / "postgres.log").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_a_killed_supervisor_takes_its_programs_with_it(base):
    base.start()
    main = [base.main_pid(program.name) for program in base.programs]
    os.kill(base.supervisor.process.pid, signal.SIGKILL)
    base.supervisor.process.wait()
    assert wait_until(lambda: not any(alive(pid) for pid in main), seconds=PATIENCE)


def test_a_second_start_uses_what_the_first_one_stored(base):
    base.start()
    base.postgres.prepare()
    base.supervisor.stop()
    base.start()
    base.postgres.prepare()
    assert base.postgres.answers()
