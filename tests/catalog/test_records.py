"""A record that is here: answered at once, by whichever name, to whom it may be told."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django.test import Client

from catalog.models import Intake
from core.models import Run
from registry.enums import ModelType
from registry.models import AccessRequest, Model, ModelVersion
from registry.services.versions import record_inspection
from tests.catalog.extracting import PATH, extract, inspected, rows, steps, while_waiting
from tests.catalog.test_api_models import problem
from tests.catalog.test_api_workflows import make_run
from tests.factories.registry import ModelFactory, VersionFactory
from tests.standins.repos import GATED, MOVING, PRIVATE, RENAMED, RENAMED_TO, TOKEN

__all__ = ["extract", "inspected", "make_run", "while_waiting"]


@pytest.mark.parametrize("revision", [None, "", "main", "refs/heads/main"])
def test_a_moving_name_takes_one_request_and_no_run(inspected, yard, extract, revision):
    before = rows()
    answer = extract(RENAMED_TO, revision=revision, hf_token=TOKEN)
    (asked,) = yard.upstream.log()
    assert asked["headers"]["Authorization"] == f"Bearer {TOKEN}"
    assert (answer.status_code, answer.json()["workflow_id"]) == (200, None)
    assert answer.json()["revision"] == yard.upstream.commit(RENAMED_TO)
    assert answer.json()["model_info"]["architecture"]["text_config"]["num_layers"] == 2
    assert rows() == before


def test_a_commit_takes_no_request_at_all(inspected, yard, extract):
    commit = ModelVersion.objects.get().commit
    yard.upstream.config(inject=[{"match": "GET", "status": 503}])
    assert extract(f"{RENAMED_TO}@{commit}").status_code == 200
    assert yard.upstream.log() == []


def test_a_name_that_moved_on_is_not_answered_with_the_commit_before(yard, extract):
    first = yard.version(yard.bring(MOVING))
    commit = yard.upstream.push(MOVING, {"config.json": {"model_type": "bert"}})
    yard.upstream.reset()
    answer = extract(MOVING)
    assert (answer.status_code, answer.json()["model_info"]) == (202, None)
    run = Run.objects.get(pk=answer.json()["workflow_id"])
    assert (run.intake.revision, len(yard.upstream.log())) == (commit, 1)
    assert extract(MOVING).json()["workflow_id"] == str(run.pk)
    yard.drive(run, until="outlook")
    assert extract(MOVING).json()["revision"] == commit != first.commit
    assert extract(MOVING, revision="v1").status_code == 202


def test_a_model_that_was_renamed_at_its_source_is_asked_for_by_its_old_name(
    inspected, yard, extract
):
    run = Run.objects.get(pk=extract(RENAMED).json()["workflow_id"])
    yard.drive(inspected)
    yard.drive(run)
    assert steps(run)["inspect"] == "skipped"
    assert (Model.objects.count(), ModelVersion.objects.count()) == (1, 1)


def test_force_inspects_again(inspected, yard, extract):
    yard.drive(inspected)
    ModelVersion.objects.update(extraction_status="completed", config={}, facts={})
    run = Run.objects.get(pk=extract(RENAMED_TO, force=True).json()["workflow_id"])
    assert extract(RENAMED_TO, force=True).json()["model_info"] is None
    yard.drive(run, until="outlook")
    answer = extract(RENAMED_TO, force=True)
    assert (answer.status_code, answer.json()["workflow_id"]) == (200, str(run.pk))
    assert answer.json()["model_info"]["architecture"]["text_config"]["num_layers"] == 2


def test_a_run_inspects_nothing_twice(yard):
    yard.admit(RENAMED_TO)
    yard.upstream.reset()
    run = yard.drive(yard.ask(RENAMED_TO).run)
    assert steps(run)["inspect"] == "skipped"
    assert run.steps.get(name="inspect").message == "Inspected before"
    assert not [entry for entry in yard.upstream.log() if "config.json" in entry["path"]]


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"status": 503}, 502, "upstream_unavailable"),
        ({"status": 429, "headers": {"Retry-After": "900"}}, 429, "upstream_rate_limited"),
        ({"status": 404, "headers": {"X-Error-Code": "RepoNotFound"}}, 404, "upstream_not_found"),
        ({"status": 403, "headers": {"X-Error-Code": "GatedRepo"}}, 403, "upstream_forbidden"),
        ({"status": 200, "body": "<html>"}, 502, "upstream_unavailable"),
    ],
)
def test_a_source_that_cannot_say_the_commit_is_told_and_nothing_is_claimed(
    inspected, yard, extract, fault, status, code
):
    before = rows()
    yard.upstream.config(inject=[{"match": "GET /api/models", **fault}])
    document = problem(extract(RENAMED_TO), status, code)
    commit = ModelVersion.objects.get().commit
    assert document["detail"].endswith(f"Commit {commit} is here: ask for it as `revision`.")
    assert rows() == before
    assert extract(RENAMED_TO, revision=commit).status_code == 200


def test_what_is_asked_twice_adds_no_row(inspected, yard, extract):
    yard.drive(inspected)
    before = rows()
    for revision in ("", "main", ModelVersion.objects.get().commit):
        assert extract(RENAMED_TO, revision=revision).status_code == 200
    assert rows() == before


@pytest.mark.django_db(transaction=True)
def test_what_is_asked_in_the_same_moment_is_one_run_and_one_record(yard, make_key):
    keys = [make_key() for _ in range(4)]

    def together(*, expected):
        barrier, answers = threading.Barrier(len(keys)), []

        def send(key):
            try:
                barrier.wait()
                headers = {"Authorization": f"Bearer {key.token}"}
                body = {"model_uri": RENAMED_TO}
                answers.append(
                    Client().post(PATH, body, content_type="application/json", headers=headers)
                )
            finally:
                connection.close()

        threads = [threading.Thread(target=send, args=(key,)) for key in keys]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [answer.status_code for answer in answers] == [expected] * len(keys)
        return {answer.json()["workflow_id"] for answer in answers}

    run = Run.objects.get(pk=together(expected=202).pop())
    assert Run.objects.count() == 1
    yard.drive(run)
    before = rows()
    assert together(expected=200) == {None}
    assert rows() == before


def test_what_a_source_hides_is_not_told_to_whom_it_refuses(yard, extract):
    ann = yard.person()
    version = yard.version(yard.bring(PRIVATE, caller=ann, token=TOKEN))
    yard.upstream.reset()
    for uri in (PRIVATE, f"{PRIVATE}@{version.commit}"):
        answer = extract(uri)
        assert (answer.status_code, answer.json()["model_info"]) == (202, None)
        assert yard.upstream.log() == []  # whether it is here shows in nothing
        run = yard.drive(Run.objects.get(pk=answer.json()["workflow_id"]))
        assert run.error_code == "upstream_not_found"
        yard.upstream.reset()


def test_who_may_read_it_at_the_source_is_told_once_the_source_has_said_so(yard, extract, make_key):
    version = yard.version(yard.bring(PRIVATE, caller=yard.person(), token=TOKEN))
    key = make_key()
    answer = extract(PRIVATE, key=key, hf_token=TOKEN)
    assert answer.status_code == 202
    yard.drive(Run.objects.get(pk=answer.json()["workflow_id"]), until="fetch")
    answer = extract(PRIVATE, key=key, hf_token=TOKEN)
    assert (answer.status_code, answer.json()["revision"]) == (200, version.commit)


def test_a_run_that_became_that_of_somebody_else_tells_nothing(
    ask, make_key, make_run, while_waiting
):
    run = make_run(key="acme/one")
    hidden = ModelFactory(repo_id="acme/one")

    def take():
        version = VersionFactory(model=hidden)
        record_inspection(
            version=version, model_type=ModelType.LLM, config={}, facts={}, status="completed"
        )
        Intake.objects.filter(run=run).update(model=hidden, version=version)
        Model.objects.update(is_private=True)
        run.steps.update(state="done")

    while_waiting(take, once=True)
    body = {"model_uri": "acme/one"}
    answer = ask(PATH, key=make_key(), method="POST", body=body, Prefer="wait=5")
    assert answer.json()["workflow_id"] == str(run.pk)
    assert (answer.status_code, answer.json()["model_info"]) == (202, None)


def test_who_asks_below_the_tier_is_told_and_from_then_on_known_to_have_asked(
    inspected, extract, make_key
):
    key, other = make_key(tier="lite"), make_key(tier="lite")
    model = Model.objects.get()
    assert model.tier == "professional"
    assert extract(RENAMED_TO, key=key).status_code == 200
    assert AccessRequest.objects.filter(user=key.user, model=model, state="open").exists()
    assert not AccessRequest.objects.filter(user=other.user).exists()


def test_what_a_gate_kept_back_is_read_once_a_token_opens_it(yard, extract):
    run = Run.objects.get(pk=extract(GATED).json()["workflow_id"])
    yard.drive(run)
    version = yard.version(run)
    assert (version.admission, version.extraction_status) == ("pending", "partial")
    assert version.config["num_layers"] is None
    run = Run.objects.get(pk=extract(GATED, hf_token=TOKEN).json()["workflow_id"])
    yard.drive(run)
    version.refresh_from_db()
    assert (steps(run)["inspect"], version.config["num_layers"]) == ("done", 2)
    answer = extract(GATED)
    assert (answer.status_code, answer.json()["workflow_id"]) == (200, None)
