"""Steering the files of a job, by REST and on its page: who may, what changes, what it costs."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.models import Run, RunState
from downloads.models import FileTransfer, RunTransfers, TransferState
from registry.services.versions import FileEntry, pin_version
from tests.catalog.test_api_models import problem
from tests.catalog.test_api_workflows import end, make_run

__all__ = ["make_run"]


@pytest.fixture
def job(make_key, make_model, make_run):
    """A run of `key` that moves three files, in the states a test asks for."""

    def make(*states, key=None):
        key, model = key or make_key(), make_model()
        entries = [FileEntry(f"part-{n}.bin", 1000, "", f"{n:064x}") for n in range(len(states))]
        version = pin_version(model=model, commit="c" * 40, files=entries, facts={})
        run = make_run(asked_by=key, model=model, version=version, state=RunState.RUNNING)
        RunTransfers.objects.create(run=run, source="huggingface")
        for file, state in zip(version.files.order_by("path"), states, strict=True):
            FileTransfer.objects.create(run=run, file=file, size=1000, done=250, state=state)
        return key, run

    return make


def rows(run):
    return list(FileTransfer.objects.filter(run=run).order_by("id"))


def test_files_are_listed_with_what_they_do(ask, job):
    key, run = job("moving", "waiting")
    moving = rows(run)[0]
    moving.speed, moving.connections, moving.fetcher = 50, 4, "aria2"
    moving.save()
    answer = ask(f"/api/v1/workflows/{run.pk}/files", key=key).json()
    assert answer["counts"] == {"moving": 1, "waiting": 1}
    assert answer["total"] == {"done": 500, "size": 2000, "speed": 50}
    first = answer["results"][0]
    assert (first["path"], first["bytes_per_second"], first["connections"]) == ("part-0.bin", 50, 4)
    assert first["seconds_left"] == 15
    only = ask(f"/api/v1/workflows/{run.pk}/files?state=waiting", key=key).json()
    assert [row["path"] for row in only["results"]] == ["part-1.bin"]
    assert ask(f"/api/v1/workflows/{run.pk}/files?state=odd", key=key).status_code == 400


def test_a_list_of_more_files_asks_the_database_no_more(ask, job):
    costs = []
    for count in (1, 10):
        key, run = job(*["waiting"] * count)
        with CaptureQueriesContext(connection) as seen:
            ask(f"/api/v1/workflows/{run.pk}/files", key=key)
        costs.append(len(seen))
        Run.objects.all().delete()
        run.intake.model.delete()
    assert costs[0] == costs[1]


def test_a_run_is_paused_resumed_and_put_first(ask, job):
    key, run = job("waiting")
    base = f"/api/v1/workflows/{run.pk}/transfers"
    assert ask(f"{base}/pause", key=key, method="POST", body={}).status_code == 202
    assert RunTransfers.objects.get(run=run).paused
    assert ask(f"{base}/resume", key=key, method="POST", body={}).status_code == 202
    assert not RunTransfers.objects.get(run=run).paused
    ask(f"{base}/priority", key=key, method="POST", body={"priority": 7})
    assert RunTransfers.objects.get(run=run).priority == 7
    assert RunTransfers.objects.get(run=run).asked == 3
    for wrong in ({"priority": 101}, {}, {"priority": "high"}, {"prio": 1}):
        answer = ask(f"{base}/priority", key=key, method="POST", body=wrong)
        problem(answer, 400, "invalid_input")
    problem(ask(f"{base}/burn", key=key, method="POST", body={}), 404, "not_found")


@pytest.mark.parametrize(
    ("state", "action", "becomes", "wish"),
    [
        ("waiting", "pause", "paused", "pause"),
        ("moving", "pause", "moving", "pause"),
        ("moving", "cancel", "moving", "cancel"),
        ("waiting", "cancel", "cancelled", "cancel"),
        ("paused", "resume", "waiting", ""),
        ("failed", "resume", "waiting", ""),
        ("cancelled", "resume", "waiting", ""),
    ],
)
def test_a_file_heeds_what_is_asked_of_it(ask, job, state, action, becomes, wish):
    key, run = job(state)
    (row,) = rows(run)
    url = f"/api/v1/workflows/{run.pk}/files/{row.pk}/{action}"
    answer = ask(url, key=key, method="POST", body={})
    assert answer.status_code == 202
    assert (answer.json()["state"], answer.json()["wish"]) == (becomes, wish)
    assert RunTransfers.objects.get(run=run).asked == 1


@pytest.mark.parametrize("action", ["pause", "resume", "cancel"])
def test_a_stored_file_is_left_alone(ask, job, action):
    key, run = job("stored")
    (row,) = rows(run)
    url = f"/api/v1/workflows/{run.pk}/files/{row.pk}/{action}"
    problem(ask(url, key=key, method="POST", body={}), 409, "conflict")
    row.refresh_from_db()
    assert row.state == TransferState.STORED


def test_another_person_may_not_steer_and_an_ended_job_is_not_steered(ask, job, make_key):
    key, run = job("waiting")
    (row,) = rows(run)
    url = f"/api/v1/workflows/{run.pk}/files/{row.pk}/pause"
    problem(ask(url, key=make_key(), method="POST", body={}), 404, "not_found")
    assert ask(url, key=make_key(role="operator"), method="POST", body={}).status_code == 202
    end(run, RunState.FAILED)
    problem(ask(url, key=key, method="POST", body={}), 409, "conflict")


def test_a_file_of_another_job_is_not_found(ask, job, make_run):
    key, run = job("waiting")
    other = make_run(asked_by=key, key="acme/other", state=RunState.RUNNING)
    url = f"/api/v1/workflows/{other.pk}/files/{rows(run)[0].pk}/cancel"
    problem(ask(url, key=key, method="POST", body={}), 404, "not_found")


def test_a_retry_takes_what_failed_and_was_cancelled_and_nothing_else(ask, job):
    key, run = job("failed", "cancelled", "stored")
    end(run, RunState.FAILED, error_code="upstream_unavailable", error="gone")
    answer = ask(f"/api/v1/workflows/{run.pk}/retry", key=key, method="POST", body={})
    assert answer.status_code == 202
    assert [row.state for row in rows(run)] == ["waiting", "waiting", "stored"]


def test_the_page_shows_files_and_their_buttons_work_without_script(client, job, make_key):
    key, run = job("moving", "paused", "failed", "stored")
    client.force_login(key.user)
    page = client.get(f"/jobs/{run.pk}/").content.decode()
    assert "part-0.bin" in page
    assert "Resume part-1.bin" in page
    paused = rows(run)[1]
    answer = client.post(f"/jobs/{run.pk}/files/{paused.pk}/resume/")
    assert answer.status_code == 302
    paused.refresh_from_db()
    assert paused.state == TransferState.WAITING
    client.post(f"/jobs/{run.pk}/transfers/pause/")
    assert RunTransfers.objects.get(run=run).paused
    assert "Resume all" in client.get(f"/jobs/{run.pk}/").content.decode()
    only = client.get(f"/jobs/{run.pk}/?files=stored").content.decode()
    assert "part-3.bin" in only
    assert "part-0.bin" not in only


def test_the_page_of_ten_thousand_files_stays_short(client, job):
    key, run = job("moving")
    entries = [FileEntry(f"many/{n:05d}.json", 10, f"{n:040x}", "") for n in range(10_000)]
    model = run.intake.model
    version = pin_version(model=model, commit="d" * 40, files=entries, facts={})
    files = version.files.all()
    FileTransfer.objects.bulk_create(FileTransfer(run=run, file=file, size=10) for file in files)
    client.force_login(key.user)
    with CaptureQueriesContext(connection) as seen:
        page = client.get(f"/jobs/{run.pk}/").content.decode()
    assert len(seen) < 30
    assert page.count("Cancel many/") < 30
    assert len(page) < 200_000
    assert client.get(f"/jobs/{run.pk}/?files=waiting").content.decode().count("y-path") == 50
    assert Run.objects.get(pk=run.pk).is_active
