"""kill -9 of each part at each step: the run goes on to its end, and nothing is there twice."""

from __future__ import annotations

import itertools
import signal
from contextlib import ExitStack, contextmanager

import psutil
import pytest

from config.yard.launch import PROGRAM_MARK
from config.yard.services import wait_until
from tests.e2e.aftermath import (
    back_again,
    check_nothing_is_left_over,
    check_one_admitted_version,
    kill,
)
from tests.e2e.holds import STEPS, hold, reached, worker_of
from tests.e2e.models import digests, random_model
from tests.e2e.yard import files_of
from tests.services.yard import PATIENCE

# Killing PostgreSQL frees these steps from the hold on them, and the hold on the next is a lock.
FREED = ("fetch", "verify", "scan")
VICTIMS = {
    "worker": [],  # whichever works on the step
    "postgres": ["postgres"],
    "valkey": ["valkey"],
    "web": ["web"],
}
DURING = {"fetch": ["aria2", "beat"]}  # killed with web, once each


def strike(yard, victim, step, pid):
    """Kill the victim with SIGKILL and wait until it is back."""
    if victim == "worker":
        process = psutil.Process(pid)
        assert process.environ()[PROGRAM_MARK] == worker_of(step)
        back_again(yard, worker_of(step), kill(process))
        return
    programs = [*VICTIMS[victim], *(DURING.get(step, []) if victim == "web" else [])]
    programs = [program for program in programs if program != "aria2" or yard.has_aria2]
    killed = {program: kill(yard.running.main_of(program)) for program in programs}
    for program, number in killed.items():
        back_again(yard, program, number)
    assert wait_until(lambda: yard.running.status("/ready") == 200, seconds=PATIENCE)


@contextmanager
def stopped(yard, program):
    """Keep a worker from going on while the block runs."""
    main = yard.running.main_of(program)
    main.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        main.send_signal(signal.SIGCONT)


def pass_through(yard, victim, begin, repo_id):
    """Begin a run, follow it from step to step and strike once in each; give its id."""
    with ExitStack() as stack:
        current = stack.enter_context(ExitStack())
        current.enter_context(hold(yard, STEPS[0], repo_id))
        workflow = begin()
        for step, after in itertools.zip_longest(STEPS, STEPS[1:]):
            pid = reached(yard, workflow, step)
            following = stack.enter_context(ExitStack())
            with ExitStack() as pause:
                if victim == "postgres" and step in FREED:
                    pause.enter_context(stopped(yard, worker_of(step)))
                strike(yard, victim, step, pid)
                if after:
                    following.enter_context(hold(yard, after, repo_id))
            current.close()
            current = following
        return workflow


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_run_ends_well_however_often_this_is_killed(yard, upstream, lena, victim, tmp_path):
    repo_id = f"acme/hurt-{victim}"
    folder = random_model(upstream.repos, repo_id)
    upstream.reload()
    workflow = pass_through(yard, victim, lambda: yard.extract(lena, repo_id), repo_id)
    document = yard.follow(lena, workflow)
    assert document["state"] == "done", document
    assert [step["state"] for step in document["steps"]] == ["done"] * len(STEPS)
    check_one_admitted_version(yard, repo_id, folder)
    assert digests(yard.pull(lena, tmp_path, repo_id)) == digests(files_of(folder))
    check_nothing_is_left_over(yard)
    if victim == "worker":
        claims = dict(
            yard.rows("select name, claims from core_runstep where run_id = %s", workflow)
        )
        assert all(claims[step] >= 2 for step in STEPS), claims
