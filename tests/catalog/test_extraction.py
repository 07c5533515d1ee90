"""`POST /model-info/extract` from one end to the other: the record comes before the weights."""

from __future__ import annotations

from math import prod

import pytest

from core.errors import UpstreamError
from core.models import Run, RunState
from licenses import services as licenses
from registry.models import Content, Model
from tests.catalog.extracting import extract, inspected, steps, while_waiting, working
from tests.catalog.test_api_models import problem
from tests.catalog.test_far_records import LAYERS, NAME, SHARDS, shapes, sharded
from tests.standins.repos import RENAMED_TO

__all__ = ["extract", "inspected", "while_waiting", "working"]


def test_a_large_model_is_told_before_any_of_its_weights_is_fetched(
    make_yard, start_upstream, extract, while_waiting
):
    yard = make_yard(upstream := start_upstream(sharded))
    while_waiting(lambda: yard.turn(Run.objects.get()))
    answer = extract(NAME, wait=60)
    run, asked = Run.objects.get(), upstream.log()
    told = answer.json()
    assert (answer.status_code, answer["Preference-Applied"]) == (200, "wait=60")
    assert (told["workflow_id"], told["revision"]) == (str(run.pk), upstream.commit(NAME))
    architecture = told["model_info"]["architecture"]
    assert architecture["num_params"] == sum(prod(shape) for _, shape in shapes())
    assert architecture["text_config"]["num_layers"] == LAYERS
    assert told["model_info"]["license"]["id"] == "LicenseRef-Llama-3.1"
    states = steps(run)
    assert (run.is_active, states["license"], states["fetch"]) == (True, "done", "waiting")
    assert len(asked) <= 12
    assert sum(entry.get("sent", 0) for entry in asked) <= 2_000_000
    assert len({entry["path"] for entry in asked if ".safetensors" in entry["path"]}) < SHARDS
    assert not Content.objects.exists()


def test_a_fetch_that_fails_takes_nothing_from_the_record(working, extract, make_key, ask):
    key = make_key()
    first = extract(RENAMED_TO, key=key, wait=60).json()
    working.upstream.config(inject=[{"match": "GET /repos/", "status": 503}])
    run = working.drive(Run.objects.get())
    assert (run.state, run.error_code) == (RunState.FAILED, "upstream_unavailable")
    working.upstream.reset()
    again = extract(RENAMED_TO, key=key)
    assert (again.status_code, again.json()["workflow_id"]) == (200, None)
    assert again.json()["model_info"] == first["model_info"]
    assert first["model_info"]["extraction_status"] in ("completed", "partial")
    followed = ask(f"/api/v1/workflows/{first['workflow_id']}", key=key).json()
    assert (followed["state"], followed["error"]["code"]) == ("failed", "upstream_unavailable")
    model = ask(f"/api/v1/models/{Model.objects.get().slug}", key=key).json()
    assert (model["status"], model["import_error"]["code"]) == ("pending", "upstream_unavailable")


def test_who_looks_when_the_fetch_has_failed_already_gets_the_record(yard, extract, while_waiting):
    def fail():
        yard.drive(Run.objects.get(), until="fetch")
        yard.upstream.config(inject=[{"match": "GET /repos/", "status": 503}])
        yard.drive(Run.objects.get())

    while_waiting(fail, once=True)
    answer = extract(RENAMED_TO, wait=60)
    assert Run.objects.get().state == RunState.FAILED
    assert (answer.status_code, answer.json()["model_info"]["author"]) == (200, "acme")


def test_a_license_that_cannot_be_read_leaves_the_rest_of_the_record(
    yard, extract, while_waiting, monkeypatch
):
    def fail():
        yard.drive(Run.objects.get(), until="license")
        monkeypatch.setattr(licenses, "answer_gate", broken)
        yard.drive(Run.objects.get())

    def broken(*args, **words):
        raise UpstreamError("The source answers 503.")

    while_waiting(fail, once=True)
    answer = extract(RENAMED_TO, wait=60)
    assert (answer.status_code, Run.objects.get().state) == (200, RunState.FAILED)
    assert answer.json()["model_info"]["license"] == {"id": None, "type": "unknown"}
    monkeypatch.undo()
    again = Run.objects.get(pk=extract(RENAMED_TO).json()["workflow_id"])
    yard.drive(again, until="fetch")
    assert extract(RENAMED_TO).json()["model_info"]["license"]["id"] == "Apache-2.0"


def test_a_run_that_fails_before_the_inspection_is_its_error(working, extract):
    answer = problem(extract("acme/none", wait=60), 404, "upstream_not_found")
    assert answer["workflow_id"] == str(Run.objects.get().pk)


def test_who_joins_a_run_waits_for_the_one_that_does_the_work(yard, extract, while_waiting):
    first = Run.objects.get(pk=extract(RENAMED_TO).json()["workflow_id"])
    yard.turn(first)
    ended = []

    def work():
        second = Run.objects.exclude(pk=first.pk).get()
        ended.append(second.state)
        yard.turn(second if second.is_active else first)

    while_waiting(work)
    answer = extract(f"{RENAMED_TO}@{yard.upstream.commit(RENAMED_TO)}", wait=60)
    assert (answer.status_code, ended[-1]) == (200, RunState.DONE)
    assert answer.json()["model_info"]["extraction_status"]


def test_a_scan_still_waits_for_the_decision(inspected, yard, ask, make_key, while_waiting):
    while_waiting(lambda: yard.turn(inspected))
    body, key = {"model_uri": RENAMED_TO}, make_key()
    early = ask("/model-info/scan", key=key, method="POST", body=body)
    assert (early.status_code, early.json()["verdict"]) == (202, None)
    late = ask("/model-info/scan", key=key, method="POST", body=body, Prefer="wait=60")
    assert (late.status_code, late.json()["verdict"]) == (200, "clean")


@pytest.mark.parametrize("provider", ["ollama", "github_models", "url", "moon", 7, None, ["disk"]])
def test_a_provider_without_a_source_is_refused_with_those_that_have_one(db, extract, provider):
    document = problem(extract("acme/one", provider_type=provider), 400, "invalid_input")
    if provider is not None:
        assert "Served: civitai, cloud_model, disk, hugging_face." in document["detail"]
        assert "/api/v1/uploads" in document["detail"]
        assert document["field"] == "provider_type"
    assert not Run.objects.exists()


def test_the_schema_names_the_providers_that_are_served(client):
    schema = client.get("/api/schema/?format=json").json()["components"]["schemas"]
    field = schema["ExtractInputRequest"]["properties"]["provider_type"]
    named = [ref["$ref"].rpartition("/")[2] for ref in field.get("allOf", [])]
    assert (schema[named[0]] if named else field)["enum"] == [
        "civitai",
        "cloud_model",
        "disk",
        "hugging_face",
    ]
