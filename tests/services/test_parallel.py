from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.services.parallel import part_of
from tests.services.ports import free_ports, is_ours

TAKE = "import sys; from tests.services.ports import is_ours; print(is_ours(int(sys.argv[1])))"
APART = """
import os
from tests.services.parallel import keep_apart
keep_apart()
print(os.environ["REDIS_URL"], os.environ["STATE_DIR"])
"""


def said_by(code: str, *words: str, **environ: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_a_port_that_was_given_is_given_to_nobody_else():
    ports = free_ports(3)
    assert len(set(ports)) == 3
    assert not is_ours(ports[0])
    assert said_by(TAKE, str(ports[0])) == "False"


@pytest.mark.parametrize(
    ("given", "own"),
    [("redis://:p@127.0.0.1:1/0", "redis://:p@127.0.0.1:1/3"), ("redis://h:1", "redis://h:1/3")],
)
def test_each_process_of_a_run_has_its_own_state_and_broker(given, own):
    environ = {"PYTEST_XDIST_WORKER": "gw2", "REDIS_URL": given, "STATE_DIR": "/a b/state"}
    assert said_by(APART, **environ) == f"{own} /a b/state-gw2"


def test_all_tests_with_the_one_yard_are_one_part_and_other_files_each_their_own():
    yard = {part_of(f"tests/e2e/{name}.py::test_a[x::y]") for name in ("test_thread", "test_kills")}
    assert yard == {"tests/e2e/"}
    assert part_of("tests/core/test_runs.py::test_a[tests/e2e/::b]") == "tests/core/test_runs.py"
