"""kill -9 of each part at each step: the run goes on to its end, and nothing is there twice."""

from __future__ import annotations

import itertools
import signal
from contextlib import ExitStack, contextmanager

import psutil
import pytest

from config.yard.launch import PROGRAM_MARK
from config.yard.services import wait_until
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
DOUBLES = {
    "models": "select source, repo_id from registry_model group by 1, 2 having count(*) > 1",
    "versions": "select model_id, commit from registry_modelversion group by 1, 2"
    " having count(*) > 1",
    "answers": "select version_id, gate from registry_gateresult group by 1, 2 having count(*) > 1",
    "runs": "select id from core_run where state in ('queued', 'running')",
}
ORPHANS = {
    "contents": "select sha256 from registry_content c where not exists"
    " (select from registry_modelfile f where f.content_id = c.sha256)",
    "scans": "select sha256 from scanning_scan s where not exists"
    " (select from registry_content c where c.sha256 = s.sha256)",
    "versions": "select commit from registry_modelversion where pinned_at is null",
}


def kill(process):
    process.kill()
    return process.pid


def back_again(yard, program, killed):
    """Wait until the supervisor has started the program anew."""

    def back():
        main = yard.running.main_of(program)
        return main is not None and main.pid != killed

    assert wait_until(back, seconds=PATIENCE), yard.running.said()[-6000:]


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
    check_one_admitted_version(yard, repo_id, files_of(folder))
    assert digests(yard.pull(lena, tmp_path, repo_id)) == digests(files_of(folder))
    check_nothing_is_left_over(yard)
    if victim == "worker":
        claims = dict(
            yard.rows("select name, claims from core_runstep where run_id = %s", workflow)
        )
        assert all(claims[step] >= 2 for step in STEPS), claims


def check_one_admitted_version(yard, repo_id, files):
    versions = yard.rows(
        "select v.id, v.admission, v.lowest_tier, v.scan_verdict from registry_modelversion v"
        " join registry_model m on m.id = v.model_id where m.repo_id = %s",
        repo_id,
    )
    assert [row[1:] for row in versions] == [("admitted", "lite", "clean")]
    stored = yard.rows(
        "select f.path, c.sha256 from registry_modelfile f join registry_content c"
        " on c.sha256 = f.content_id where f.version_id = %s",
        versions[0][0],
    )
    assert len(stored) == len(files)
    assert dict(stored) == digests(files)


def check_nothing_is_left_over(yard):
    """No row twice, no row without its owner, no file outside the store, the audit trail whole."""
    for name, query in {**DOUBLES, **ORPHANS}.items():
        assert yard.rows(query) == [], name
    contents = {row[0] for row in yard.rows("select sha256 from registry_content")}
    store = yard.state / "store"
    assert {path.name for path in (store / "sha256").rglob("*") if path.is_file()} == contents
    for folder in (store / "incoming", yard.state / "staging", yard.state / "scratch"):
        assert not [path for path in folder.rglob("*") if path.is_file()], folder
    assert "whole" in yard.manage("check_audit")
