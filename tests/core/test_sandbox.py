"""What a child may do, and what its parent makes of what it does."""

from __future__ import annotations

import os
import socket
import textwrap

import pytest

from core.sandbox import landlock, run
from core.sandbox.limits import Limits
from core.sandbox.run import Job, Lost

CHILD = """
    import os, signal, socket, subprocess, time
    from pathlib import Path
    from core.sandbox.inside import serve

    held = []

    def work(item):
        word, *more = item
        if word == "say":
            return more[0]
        if word == "hold":
            held.append(bytearray(b"x") * (more[0] << 20))
        if word == "who":
            return str(os.getpid())
        if word == "sleep":
            time.sleep(600)
        if word == "environment":
            return dict(os.environ)
        if word == "write":
            Path(more[0]).write_text("mine")
        if word == "remove":
            Path(more[0]).unlink()
        if word == "program":
            subprocess.run(["/bin/true"], check=True)
        if word == "signal":
            os.kill(more[0], signal.SIGCONT)
        if word == "connect":
            socket.create_connection(("127.0.0.1", more[0]), 5).close()
        return "done"

    serve(lambda setup: work)
"""


def words(answer: object) -> str:
    if not isinstance(answer, str):
        raise ValueError("not a word")  # noqa: TRY004 what `read` promises
    return answer


@pytest.fixture
def make_job(tmp_path, monkeypatch):
    """A job whose child does what each item says."""
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "obedient.py").write_text(textwrap.dedent(CHILD))
    (tmp_path / "scratch").mkdir()
    real = run.environment

    def environment(scratch):
        own = real(scratch)
        return {**own, "PYTHONPATH": f"{own['PYTHONPATH']}:{tmp_path / 'modules'}"}

    monkeypatch.setattr(run, "environment", environment)

    def make(read=words, limits=None, **more):
        scratch = tmp_path / "scratch"
        return Job("obedient", "the child", read, scratch, limits or Limits(), **more)

    return make


@pytest.fixture
def landlocked():
    if landlock.version() < 6:
        pytest.skip("the kernel has no Landlock that covers files, TCP and signals")


def test_answers_come_in_the_order_of_the_items(make_job):
    items = [["say", str(number)] for number in range(50)]
    assert run.run(make_job(), items) == [str(number) for number in range(50)]


def test_a_child_that_keeps_much_memory_is_followed_by_another(make_job):
    limits = Limits(memory_bytes=200 << 20)
    items = [["who"], ["hold", 20], ["who"], ["hold", 120], ["who"], ["who"]]
    first, _, second, kept, third, fourth = run.run(make_job(limits=limits), items)
    assert (kept, first) == ("done", second)
    assert second != third == fourth


def test_an_item_that_lacks_what_others_keep_gets_a_child_of_its_own(make_job):
    limits = Limits(memory_bytes=200 << 20)
    items = [["hold", 60], ["hold", 120], ["hold", 60], ["say", "a"]]
    assert run.run(make_job(limits=limits), items) == ["done", "done", "done", "a"]


def test_an_item_that_needs_more_memory_than_there_is_is_lost(make_job):
    limits = Limits(memory_bytes=200 << 20)
    lost, more = run.run(make_job(limits=limits), [["hold", 250], ["say", "a"]])
    assert (lost, more) == (Lost("the child failed: out of memory"), "a")


def test_an_answer_that_cannot_be_read_is_lost_and_the_others_are_not(make_job):
    before, broken, after = run.run(make_job(), [["say", "a"], ["say", 7], ["say", "b"]])
    assert (before, after) == ("a", "b")
    assert broken == Lost("the child gave an answer that cannot be read")


def test_all_items_together_have_an_end(make_job):
    limits = Limits(total_seconds=3)
    first, *others = run.run(make_job(limits=limits), [["sleep"], ["say", "a"], ["say", "b"]])
    assert "gave no answer within" in first.reason
    assert others == [Lost("the child had no time left after 3 seconds for all")] * 2


def test_a_child_that_cannot_be_started_loses_all_items_and_raises_nothing(make_job, monkeypatch):
    monkeypatch.setattr(run.sys, "executable", "/nowhere/python")
    found = run.run(make_job(network=True), [["say", "a"], ["say", "b"]])
    assert found == [Lost("the child could not be started: No such file or directory")] * 2


def test_a_child_sees_nothing_of_our_environment(make_job, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "of the parent")
    (seen,) = run.run(make_job(read=dict), [["environment"]])
    assert set(seen) <= {*run.environment(os.curdir), "LC_CTYPE", "PWD"}


def test_a_module_that_lies_in_the_scratch_folder_is_not_imported(make_job, tmp_path):
    (tmp_path / "scratch" / "json.py").write_text("raise SystemExit(9)")
    assert run.run(make_job(), [["say", "a"]]) == ["a"]


@pytest.mark.usefixtures("landlocked")
def test_a_child_writes_in_its_scratch_folder_only_when_it_may(make_job, tmp_path):
    inside, outside = str(tmp_path / "scratch" / "a"), str(tmp_path / "b")
    items = [["write", inside], ["write", outside], ["write", os.devnull]]
    mine, foreign, nowhere = run.run(make_job(writes=True), items)
    assert (mine, "Permission" in foreign.reason, nowhere) == ("done", True, "done")
    refused = run.run(make_job(), [["write", inside], ["remove", inside]])
    assert ["Permission" in answer.reason for answer in refused] == [True, True]
    assert (tmp_path / "scratch" / "a").read_text() == "mine"


@pytest.mark.usefixtures("landlocked")
def test_a_child_runs_no_program_and_signals_nobody(make_job):
    answers = run.run(make_job(writes=True), [["program"], ["signal", os.getpid()]])
    assert ["not permitted" in one.reason or "denied" in one.reason for one in answers] == [
        True
    ] * 2


@pytest.mark.usefixtures("landlocked")
def test_without_a_namespace_of_its_own_a_child_still_connects_nowhere(make_job, monkeypatch):
    monkeypatch.setattr(run, "network_isolation", lambda: "not here")
    with socket.create_server(("127.0.0.1", 0)) as server:
        item = ["connect", server.getsockname()[1]]
        (refused,) = run.run(make_job(), [item])
        assert "Permission denied" in refused.reason
        assert run.run(make_job(network=True), [item]) == ["done"]
