from __future__ import annotations

import uuid

import pytest
from django.utils import timezone

from catalog.api import started
from catalog.models import Asker, Intake
from core import jobs
from core.models import Run, RunState, RunStep, StepState
from tests.catalog.test_api_models import problem
from tests.standins.fixture import start_upstream
from tests.standins.repos import MOVING, moving

__all__ = ["start_upstream"]
COMMIT = "1" * 40


@pytest.fixture
def make_run(db):
    """An intake run with its real steps; nobody works on it."""

    def make(*, asked_by=None, model=None, version=None, key="acme/one", **values):
        run, _ = jobs.start_run(kind="intake", key=f"huggingface:{key}@main")
        for name, value in values.items():
            setattr(run, name, value)
        run.save()
        intake = Intake.objects.create(
            run=run, source="huggingface", repo_id=key, model=model, version=version
        )
        if asked_by is not None:
            Asker.objects.create(intake=intake, user=asked_by.user)
        return run

    return make


def end(run, state, **values):
    Run.objects.filter(pk=run.pk).update(state=state, finished_at=timezone.now(), **values)


def test_a_workflow_shows_its_steps_progress_and_links(ask, make_key, make_model, make_run):
    key, model = make_key(), make_model()
    run = make_run(asked_by=key, model=model, version=model.head, state=RunState.RUNNING)
    step = run.steps.get(position=0)
    step.state, step.done, step.total, step.unit = StepState.RUNNING, 3, 12, "files"
    step.save()
    shown = ask(f"/api/v1/workflows/{run.pk}", key=key).json()
    assert (shown["id"], shown["kind"]) == (str(run.pk), "intake")
    assert (shown["state"], shown["error"]) == ("running", None)
    assert [one["name"] for one in shown["steps"]][:3] == ["resolve", "inspect", "license"]
    assert shown["progress"] == {"done": 3, "total": 12, "unit": "files"}
    assert ask(shown["links"]["model"], key=key).json()["id"] == "acme--one"
    assert ask(shown["links"]["version"], key=key).json()["revision"] == model.head.commit


def test_a_failed_workflow_says_why(ask, make_key, make_run):
    key = make_key()
    run = make_run(asked_by=key)
    told = {"error_code": "upstream_not_found", "error": "None such", "error_details": {"a": 1}}
    end(run, RunState.FAILED, **told)
    shown = ask(f"/api/v1/workflows/{run.pk}", key=key).json()
    wanted = {"code": "upstream_not_found", "detail": "None such", "details": {"a": 1}}
    assert shown["error"] == wanted


def test_people_follow_what_they_asked_for_and_staff_what_their_tier_has(
    ask, make_key, make_model, make_run
):
    viewer, other = make_key(tier="lite"), make_key(tier="professional")
    own = make_run(asked_by=viewer, key="acme/own")
    secret = make_run(model=make_model("acme/two", tier="professional"), key="acme/two")
    listed = {
        "viewer": ask("/api/v1/workflows", key=viewer),
        "another": ask("/api/v1/workflows", key=other),
        "lite operator": ask("/api/v1/workflows", key=make_key(tier="lite", role="operator")),
        "professional curator": ask("/api/v1/workflows", key=make_key(role="curator")),
    }
    seen = {who: {row["id"] for row in answer.json()["results"]} for who, answer in listed.items()}
    assert seen["viewer"] == seen["lite operator"] == {str(own.pk)}
    assert seen["another"] == set()
    assert seen["professional curator"] == {str(own.pk), str(secret.pk)}
    problem(ask(f"/api/v1/workflows/{own.pk}", key=other), 404, "not_found")
    problem(ask(f"/api/v1/workflows/{uuid.uuid4()}", key=viewer), 404, "not_found")


def test_workflows_have_pages_and_a_filter(ask, make_key, make_run):
    key = make_key()
    runs = [make_run(asked_by=key, key=f"acme/{n}") for n in range(5)]
    end(runs[0], RunState.FAILED)
    path, found = "/api/v1/workflows?limit=2", []
    while path:
        page = ask(path, key=key).json()
        found += [row["id"] for row in page["results"]]
        last, path = page, page["next"]
    assert found == [str(run.pk) for run in reversed(runs)]
    assert len(ask(last["previous"], key=key).json()["results"]) == 2
    failed = ask("/api/v1/workflows?state=failed", key=key).json()["results"]
    assert [row["id"] for row in failed] == [str(runs[0].pk)]
    for query in ("state=stuck", "limit=101", "cursor=x", "order=up"):
        problem(ask(f"/api/v1/workflows?{query}", key=key), 400, "invalid_input")


@pytest.mark.parametrize("count", [1, 10])
def test_a_list_of_workflows_takes_the_same_queries(
    ask, make_key, make_run, django_assert_num_queries, count
):
    key = make_key()
    for n in range(count):
        make_run(asked_by=key, key=f"acme/{n}")
    ask("/api/v1/workflows", key=key)
    with django_assert_num_queries(4):  # key; page; runs with their intakes; steps
        ask("/api/v1/workflows", key=key)


def test_a_workflow_is_stopped_and_tried_again_by_who_asked_for_it(ask, make_key, make_run):
    key = make_key()
    run = make_run(asked_by=key)
    answer = ask(f"/api/v1/workflows/{run.pk}/cancel", key=key, method="POST")
    assert (answer.status_code, answer.json()["cancel_requested"]) == (202, True)
    problem(ask(f"/api/v1/workflows/{run.pk}/retry", key=key, method="POST"), 409, "conflict")
    end(run, RunState.CANCELLED)
    problem(ask(f"/api/v1/workflows/{run.pk}/cancel", key=key, method="POST"), 409, "conflict")
    answer = ask(f"/api/v1/workflows/{run.pk}/retry", key=key, method="POST")
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")


def test_what_others_asked_for_too_is_theirs_to_stop_as_well(ask, make_key, make_run):
    key, other = make_key(), make_key()
    run = make_run(asked_by=key)
    Asker.objects.create(intake=run.intake, user=other.user)
    problem(ask(f"/api/v1/workflows/{run.pk}/cancel", key=key, method="POST"), 403, "not_permitted")
    operator = make_key(role="operator")
    assert ask(f"/api/v1/workflows/{run.pk}/cancel", key=operator, method="POST").status_code == 202


# -- extraction ------------------------------------------------------------------------------------

URI = {"model_uri": f"acme/one@{COMMIT}"}


def extract(ask, key, body=None, **headers):
    return ask("/model-info/extract", key=key, method="POST", body=body or URI, **headers)


def test_an_extraction_starts_a_workflow_and_says_where_to_look(ask, make_key):
    key = make_key()
    answer = extract(ask, key)
    assert answer.status_code == 202
    document = answer.json()
    assert (document["object"], document["model_info"]) == ("model_extraction", None)
    assert answer["Location"] == f"/api/v1/workflows/{document['workflow_id']}"
    assert ask(answer["Location"], key=key).json()["state"] == "queued"
    again = extract(ask, make_key())
    assert again.json()["workflow_id"] == document["workflow_id"]  # one run for both


def test_a_completed_revision_answers_at_once(ask, make_key, make_model):
    model = make_model()
    answer = extract(ask, make_key(), {"model_uri": f"acme/one@{model.head.commit}"})
    assert answer.status_code == 200
    document = answer.json()
    assert (document["workflow_id"], document["revision"]) == (None, model.head.commit)
    assert set(document["model_info"]) >= {
        "author", "description", "uri", "modality", "tasks", "tags", "papers", "github_url",
        "provider_url", "website_url", "logo_url", "use_cases", "strengths", "limitations",
        "model_tree", "languages", "architecture", "license", "extraction_status",
    }  # fmt: skip
    assert document["model_info"]["architecture"] is None  # nothing was inspected
    scan = ask(
        "/model-info/scan",
        key=make_key(),
        method="POST",
        body={"model_path": document["local_path"]},
    )
    assert (scan.status_code, scan.json()["verdict"], scan.json()["issues"]) == (200, "clean", [])


def when_waiting(monkeypatch, act):
    """Let something happen while the answer waits."""
    monkeypatch.setattr(started.time, "sleep", lambda seconds: act())


def test_who_prefers_to_wait_gets_the_record_when_its_step_has_ended(
    ask, make_key, make_model, monkeypatch
):
    model = make_model("acme/done")

    def inspect():
        model.versions.update(extraction_status="completed")
        Intake.objects.update(model=model, version=model.head)
        RunStep.objects.filter(name__in=["inspect", "license"]).update(state=StepState.DONE)

    when_waiting(monkeypatch, inspect)
    answer = extract(ask, make_key(), Prefer="respond-async, wait=30")
    assert (answer.status_code, answer["Preference-Applied"]) == (200, "wait=30")
    assert answer.json()["revision"] == model.head.commit
    assert answer.json()["model_info"]["author"] == "acme"
    assert answer.json()["workflow_id"] == str(Run.objects.get().pk)
    assert Run.objects.get().is_active


def test_a_wait_that_is_too_short_ends_in_202(ask, make_key):
    answer = extract(ask, make_key(), Prefer="wait=0")
    assert answer.status_code == 202
    assert "Preference-Applied" not in answer


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", 0),
        ("wait=7", 7),
        ("WAIT = 7", 7),
        ('foo=bar; wait="7"', 7),
        ("wait=9999", 60),
        ("wait=-1", 0),
        ("await=5", 0),
        ("wait=x", 0),
    ],
)
def test_the_preference_is_read_as_the_rfc_writes_it(rf, header, seconds):
    assert started.seconds_to_wait(rf.get("/", headers={"Prefer": header})) == seconds


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("extract", {}, "invalid_input"),
        ("extract", {"model_uri": ""}, "invalid_input"),
        ("extract", {"model_uri": "acme/one", "provider_type": "civitai"}, "invalid_input"),
        ("extract", {"model_uri": "acme/one", "token": "x"}, "invalid_input"),
        ("extract", {"model_uri": "not a model at all"}, "invalid_input"),
        ("scan", {}, "invalid_input"),
        ("scan", {"model_uri": "a/b", "model_path": "models/a/1234567"}, "invalid_input"),
    ],
)
def test_bad_input_is_refused_before_anything_starts(ask, make_key, path, body, code):
    problem(ask(f"/model-info/{path}", key=make_key(), method="POST", body=body), 400, code)
    assert not Run.objects.exists()


# -- downloads ------------------------------------------------------------------------------------


def download(ask, key, body, slug="acme--one"):
    return ask(f"/api/v1/models/{slug}/download", key=key, method="POST", body=body)


def test_a_download_of_what_is_here_is_a_success(ask, make_key, make_model):
    model = make_model()
    for revision in ("1", model.head.commit):
        answer = download(ask, make_key(), {"revision": revision})
        assert answer.status_code == 200
        assert answer.json()["status"] == "success"
        assert answer.json()["revision"] == model.head.commit


def test_a_forced_download_starts_a_workflow(ask, make_key, make_model):
    model = make_model()
    answer = download(ask, make_key(), {"revision": model.head.commit, "force": True})
    assert answer.status_code == 202
    assert answer["Location"].endswith(answer.json()["workflow_id"])


def test_a_commit_that_is_not_here_starts_a_workflow(ask, make_key, make_model):
    make_model()
    answer = download(ask, make_key(), {"revision": "f" * 40})
    assert (answer.status_code, answer.json()["status"]) == (202, "accepted")
    assert Intake.objects.get().revision == "f" * 40


def test_a_held_version_is_refused_with_the_reason(ask, make_key, make_model):
    model = make_model()
    model.versions.update(admission="held")
    problem(download(ask, make_key(), {"revision": "1"}), 403, "gate_blocked")


@pytest.mark.parametrize(
    "body", [{}, {"revision": "main"}, {"revision": "latest"}, {"revision": " "}]
)
def test_a_moving_revision_is_refused_with_the_commit_it_would_be(
    ask, make_key, make_model, start_upstream, settings, body
):
    upstream = start_upstream(moving)
    settings.HF_ENDPOINT = upstream.url
    model = make_model(MOVING)
    document = problem(download(ask, make_key(), body, model.slug), 400, "revision_not_pinned")
    assert document["title"] == "Revision must be explicitly pinned"
    assert document["commit"] == upstream.commit(MOVING)
    assert not Run.objects.exists()
