"""`manage.py pull`: a pinned version comes in, and the exit status says how it ended."""

from __future__ import annotations

import signal
from functools import partial

import pytest
from django.core.management import CommandError, call_command

from catalog import pulling
from catalog.services.intake import cancel_intake
from core import runs
from core.models import Run, RunState
from registry.models import AccessRequest, AuditEvent, ModelFile
from tests.standins.repos import HARMLESS_PAYLOAD, MOVING, RENAMED_TO, TINY_CONFIG, TWIN

BRANCHY = "acme/branchy"
CARD = "---\nlicense: mit\n---\n"


@pytest.fixture
def shell(yard, monkeypatch, capsys):
    """Give the command; whenever it sleeps, a worker of the test does a step."""

    class Shell:
        def __call__(self, *words):
            status = 0
            try:
                call_command("pull", *words)
            except SystemExit as ended:
                status = ended.code
            return status, capsys.readouterr().out

        def asleep(self):
            for run in Run.objects.filter(state__in=["queued", "running"]):
                yard.turn(run)

    made = Shell()
    patient = partial(pulling.Follower, sleep=lambda _: made.asleep())
    monkeypatch.setattr(pulling, "Follower", patient)
    return made


def commit(yard, name):
    return yard.upstream.commit(name)


@pytest.mark.parametrize("revision", ["", "@main", "@LATEST", "@refs/heads/main"])
def test_a_moving_name_is_refused_with_the_commit_it_would_be(yard, shell, revision):
    with pytest.raises(CommandError) as caught:
        shell(f"{RENAMED_TO}{revision}")
    assert str(caught.value) == (
        f"Revision must be explicitly pinned. Today it would be {commit(yard, RENAMED_TO)}."
    )
    assert not Run.objects.exists()


def test_a_branch_is_refused_like_main_and_a_tag_is_taken(yard, shell):
    yard.upstream.repos.repo(BRANCHY, {"README.md": CARD, "a.txt": "1"}, commit="0001 first")
    yard.upstream.repos.repo(
        BRANCHY,
        {"README.md": CARD, "a.txt": "2"},
        commit="0002 second",
        meta={"tags_refs": {"v1": 0}, "branches": {"dev": 0}},
    )
    yard.upstream.reload()
    with pytest.raises(CommandError, match=r"explicitly pinned\. Today it would be [0-9a-f]{40}"):
        shell(f"{BRANCHY}@dev")
    status, out = shell(f"{BRANCHY}@v1")
    assert (status, "is admitted for lite and above" in out) == (0, True)


def test_a_commit_comes_in_with_its_progress_and_its_decision(yard, shell):
    status, out = shell(f"{RENAMED_TO}@{commit(yard, RENAMED_TO)}")
    assert status == pulling.ADMITTED
    lines = out.splitlines()
    assert lines[0].startswith("Job ")
    assert [line.split()[0] for line in lines[1:-2]] == [
        *("Resolve", "Inspect", "License", "Early", "Fetch", "Verify", "Scan", "Decide"),
    ]
    assert lines[-2] == "done"
    assert "is admitted for lite and above: 3 files" in lines[-1]
    assert AuditEvent.objects.filter(action="intake.request", actor="command line").exists()
    again, out = shell(f"{RENAMED_TO}@1")
    assert (again, len(out.splitlines())) == (0, 1)


def test_a_version_that_is_held_and_a_job_that_fails_have_a_status_of_their_own(yard, shell):
    status, out = shell(f"{TWIN}@{commit(yard, TWIN)}")
    assert (status, "is held" in out) == (pulling.HELD, True)
    status, out = shell(f"{RENAMED_TO}@{'0' * 40}")
    assert (status, "The job failed" in out) == (pulling.FAILED, True)
    status, out = shell(f"{RENAMED_TO}@7")
    assert (status, "The job failed" in out) == (pulling.FAILED, True)


def test_only_what_was_selected_comes(yard, shell):
    yard.upstream.repos.repo(
        "acme/both",
        {"README.md": CARD, "config.json": TINY_CONFIG, "a.bin": HARMLESS_PAYLOAD, "b.txt": "b"},
    )
    yard.upstream.reload()
    name = f"acme/both@{commit(yard, 'acme/both')}"
    status, _ = shell(name, "--exclude", "*.bin", "--exclude", "b.*")
    assert status == 0
    assert set(ModelFile.objects.exclude(left_out="").values_list("path", flat=True)) == {
        "a.bin",
        "b.txt",
    }


def test_a_plan_is_printed_and_nothing_else_happens(yard, shell):
    status, out = shell(f"{RENAMED_TO}@{commit(yard, RENAMED_TO)}", "--plan")
    assert status == 0
    assert "to move      3 files" in out.replace("\xa0", " ")
    assert "likely       admitted for lite and above, if the scan finds nothing" in out
    assert "limit        All sources together: at most 16 files at once." in out
    assert not Run.objects.exists()
    with pytest.raises(CommandError, match="needs gguf"):
        shell(f"{RENAMED_TO}@{commit(yard, RENAMED_TO)}", "--plan", "--preset", "gguf")


def test_a_job_that_is_started_and_left_goes_on(yard, shell):
    name = f"{RENAMED_TO}@{commit(yard, RENAMED_TO)}"
    status, out = shell(name, "--wait", "0")
    run = Run.objects.get()
    assert (status, out.splitlines()[-1]) == (6, f"The job goes on: {run.pk}.")
    assert run.state == RunState.QUEUED


def test_ctrl_c_leaves_the_job_at_work_and_says_so(yard, shell):
    def interrupt():
        signal.raise_signal(signal.SIGINT)

    shell.asleep = interrupt
    status, out = shell(f"{RENAMED_TO}@{commit(yard, RENAMED_TO)}")
    run = Run.objects.get()
    assert (status, f"The job goes on: {run.pk}." in out) == (130, True)
    assert yard.drive(run).state == RunState.DONE


def test_a_job_that_somebody_stops_says_so(yard, shell):
    ops = yard.person(role="operator")

    def stop():
        run = Run.objects.get()
        if not run.cancel_requested:
            cancel_intake(caller=ops, run=run)
        runs.advance(run.pk)

    shell.asleep = stop
    status, out = shell(f"{RENAMED_TO}@{commit(yard, RENAMED_TO)}")
    assert (status, "was cancelled" in out) == (pulling.CANCELLED, True)


def test_it_acts_as_the_person_who_is_named(yard, shell):
    ann = yard.person()
    status, _ = shell(f"{RENAMED_TO}@{commit(yard, RENAMED_TO)}", "--by", ann.name)
    assert status == 0
    assert AccessRequest.objects.get().user_id == ann.user_id
    with pytest.raises(CommandError, match="There is no user 'nobody'"):
        shell(f"{MOVING}@v1", "--by", "nobody")


def test_a_yard_without_workers_is_told_of(yard):
    said, times = [], iter(range(0, 1000, 7))
    follower = pulling.Follower(said.append, sleep=lambda _: None, clock=lambda: next(times))
    run = follower.follow(yard.ask(RENAMED_TO).run, seconds=100)
    assert said == ["Resolve", "No worker has taken it yet. Does the yard run? (make up)"]
    assert pulling.ending(run) == (6, f"The job goes on: {run.pk}.")
