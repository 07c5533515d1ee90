"""`make up` as a person meets it: a whole yard, asked, hurt, stopped and started again."""

from __future__ import annotations

import re
import signal

import pytest

from config.yard.launch import end, marked
from config.yard.services import wait_until
from tests.services.ports import free_port
from tests.services.yard import PATIENCE, RunningYard

ACCOUNT = re.compile(r"admin / (\S+)")

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def yard(tmp_path_factory):
    yard = RunningYard(tmp_path_factory.mktemp("a yard"), port=free_port())
    yield yard
    yard.stop()
    end(marked(str(yard.state)))


def test_it_says_where_it_is_and_who_may_sign_in(yard):
    yard.wait_ready()
    assert f"ready at http://localhost:{yard.port}" in yard.said()
    assert len(ACCOUNT.findall(yard.said())) == 1
    assert yard.status("/health") == 200
    assert yard.status("/ready") == 200


def test_every_line_has_the_name_of_its_program_in_front(yard):
    names = {line.partition("|")[0].strip() for line in yard.said().splitlines()}
    assert names <= {path.stem for path in (yard.state / "log").iterdir()} | {"yard"}


def test_a_second_start_on_the_same_state_says_that_it_runs(yard, tmp_path):
    second = RunningYard(yard.state.parent, port=free_port(), name="second")
    assert second.process.wait(timeout=PATIENCE) == 1
    assert f"already runs: pid {yard.process.pid}" in second.said()
    assert f"http://localhost:{yard.port}" in second.said()


def test_a_taken_port_is_named_with_a_way_out(yard, tmp_path):
    other = RunningYard(tmp_path, port=yard.port)
    assert other.process.wait(timeout=PATIENCE) == 1
    assert f"Port {yard.port} is taken by" in other.said()
    assert f"APP_PORT={yard.port + 1} make up" in other.said()
    assert not (tmp_path / "state" / "postgres").exists()


def test_commands_beside_it_find_its_database(yard):
    done = yard.manage("ensure_admin")
    assert done.returncode == 0, done.stderr
    assert not done.stdout  # there is one already


def test_secrets_are_for_the_eyes_of_this_user_alone(yard):
    files = [*(yard.state / "secrets").iterdir(), yard.state / "run" / "services.json"]
    files += [yard.state / "valkey" / "valkey.conf", yard.state / "run" / "programs.json"]
    assert len(files) > 4
    assert not [file for file in files if file.stat().st_mode & 0o077]


def test_no_secret_is_printed_or_on_a_command_line(yard):
    secrets = [file.read_text() for file in (yard.state / "secrets").iterdir()]
    lines = [" ".join(process.cmdline()) for process in marked(str(yard.state))]
    text = "\n".join([yard.said(), *lines])
    assert secrets
    assert not [secret for secret in secrets if secret in text]


@pytest.mark.parametrize(
    "program", ["web", "front", "streams", "worker-intake", "beat", "postgres", "valkey"]
)
def test_a_killed_program_is_back_and_the_yard_ready(yard, program):
    killed = yard.main_of(program)
    assert killed
    killed.kill()

    def back() -> bool:
        main = yard.main_of(program)
        return main is not None and main.pid != killed.pid

    assert wait_until(back, seconds=PATIENCE), yard.said()
    assert wait_until(lambda: yard.status("/ready") == 200, seconds=PATIENCE), yard.said()


def test_ctrl_c_stops_everything_and_a_second_start_continues(yard, tmp_path):
    assert yard.stop() == 0
    assert not marked(str(yard.state))
    assert yard.status("/health") == 0
    assert "database system is shut down" in yard.said()
    again = RunningYard(yard.state.parent, port=yard.port, name="again")
    try:
        again.wait_ready()
        assert not ACCOUNT.findall(again.said())
        assert again.status("/ready") == 200
    finally:
        assert again.stop(signal.SIGTERM) == 0
    assert not marked(str(yard.state))


def test_what_a_killed_yard_left_ends_with_the_next_start(yard):
    killed = RunningYard(yard.state.parent, port=yard.port, name="killed")
    killed.wait_ready()
    killed.process.kill()
    killed.process.wait()
    after = RunningYard(yard.state.parent, port=yard.port, name="after")
    try:
        after.wait_ready()
    finally:
        assert after.stop() == 0
    assert not marked(str(yard.state))
