"""A model of CivitAI goes through the same gates, and is held until a person reads its rights."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import Group

from catalog.services.dry_run import dry_run
from core.errors import UpstreamNotFoundError
from core.models import Run, RunState
from registry.enums import Gate
from registry.models import Content, ModelVersion, User
from registry.services.curation import approve
from tests.catalog.sources.on_civitai import WEIGHTS, civitai
from tests.factories.registry import ApiKeyFactory
from tests.standins.civitai import STRANGER, TOKEN, Fault

__all__ = ["civitai"]
PATH = "boats.safetensors"
HF_TOKEN = "hf_" + "h" * 34


@pytest.fixture
def civitai_yard(make_yard, start_upstream, civitai, settings):
    """A yard that takes models from both; each has a token of its own."""
    yard = make_yard(start_upstream())
    settings.CIVITAI_ENDPOINT = civitai.url
    settings.UPSTREAM_ALLOW = (civitai.file_origin,)
    settings.HF_TOKEN = HF_TOKEN
    return yard


def gates(version):
    return {row.gate: row for row in version.gates.all()}


def test_a_model_is_brought_verified_scanned_and_held_with_its_rights(civitai_yard):
    run = civitai_yard.bring("civitai:100@1001")
    version = civitai_yard.version(run)
    assert (run.state, run.error) == (RunState.DONE, "")
    assert (version.admission, version.license_class) == ("held", "unknown")
    license_gate = gates(version)[Gate.LICENSE]
    assert license_gate.outcome == "unknown"
    (evidence,) = license_gate.evidence["evidence"]
    assert evidence["path"] == "Permissions at CivitAI"
    assert "commercial use: Image, RentCivit; derivatives: no" in evidence["quote"]
    model = version.model
    assert (model.source, model.repo_id, model.slug) == ("civitai", "100", "civitai--100")
    assert (model.name, model.author) == ("Paper boats", "harbour")
    assert version.facts["address"] == "https://civitai.com/models/100?modelVersionId=1001"
    assert version.facts["card"]["civitai"]["trained_words"] == ["ppr boat"]
    assert (version.model_type, version.facts["problems"]) == ("image", [])


def test_without_an_outlook_nothing_is_fetched(civitai_yard, civitai):
    run = civitai_yard.bring("civitai:100@1001")
    assert civitai_yard.states(run)["fetch"] == "skipped"
    assert Content.objects.count() == 0


def accepted(yard, text):
    """Bring a version that is held, and let a curator accept its rights."""
    version = yard.version(yard.bring(text))
    request = version.model.requests.get(state="open")
    approve(caller=yard.person(role="curator"), request=request, note="Read and allowed.")
    return f"civitai:100@{version.commit}"


@pytest.fixture
def admitted(civitai_yard):
    """Version 1001, whose rights a curator read: its bytes were brought then."""
    return civitai_yard.admit(accepted(civitai_yard, "civitai:100@1001"), force=True)


def test_a_waived_license_brings_the_bytes_through_hash_and_scan(civitai_yard, admitted):
    answers = {name: row.outcome for name, row in gates(admitted).items()}
    assert (answers["integrity"], answers["malware"], answers["source"]) == ("passed",) * 3
    assert (admitted.admission, admitted.scan_verdict) == ("admitted", "clean")
    (file,) = admitted.files.all()
    assert civitai_yard.store.local_path(file.sha256).read_bytes() == WEIGHTS
    assert admitted.config["num_params"] == 64
    assert civitai_yard.staged() == []


def test_hub_clients_get_it_by_its_number(civitai_yard, admitted):
    assert civitai_yard.hub_status("100", PATH) == 200


def test_each_source_gets_its_own_token_and_no_other(civitai_yard, civitai, settings):
    settings.CIVITAI_TOKEN = STRANGER
    civitai_yard.bring("civitai:100@1001")
    sent = {one.headers.get("authorization") for one in civitai.log}
    assert sent == {f"Bearer {STRANGER}"}
    assert not any(HF_TOKEN in str(seen.headers) for seen in civitai.files.seen)


def test_a_version_for_members_is_brought_with_a_token_of_the_run(civitai_yard, civitai):
    civitai.login.add(1001)
    run = civitai_yard.bring("civitai:100@1001")
    assert (run.state, run.error_code) == (RunState.DONE, "")
    problems = civitai_yard.version(run).facts["problems"]
    assert any("signed-in people only" in one and "CIVITAI_TOKEN" in one for one in problems)
    again = civitai_yard.bring("civitai:100@1001", token=TOKEN, force=True)
    version = civitai_yard.version(again)
    source = gates(version)[Gate.SOURCE]
    assert (source.outcome, source.evidence["reach"]) == ("failed", "gated")
    assert version.facts["problems"] == []


def test_bytes_that_are_not_those_of_the_listing_are_not_stored(civitai_yard, civitai):
    text = accepted(civitai_yard, "civitai:100@1001")
    civitai.bytes[10010] = WEIGHTS[:-1] + b"!"
    run = civitai_yard.bring(text, force=True)
    assert (run.state, run.error_code) == (RunState.FAILED, "integrity_mismatch")
    assert Content.objects.count() == 0


def test_files_that_were_replaced_are_another_version(civitai_yard, civitai):
    first = civitai_yard.version(civitai_yard.bring("civitai:100@1001"))
    civitai.replace(1001, WEIGHTS + b"new")
    run = civitai_yard.bring(f"civitai:100@{first.commit}", force=True)
    assert (run.state, run.error_code) == (RunState.FAILED, "source_changed")
    second = civitai_yard.version(civitai_yard.bring("civitai:100@1001"))
    assert (second.number, second.model) == (2, first.model)
    assert second.commit != first.commit


@pytest.mark.parametrize(
    "text", ["https://civitai.com/api/download/models/1001?token=secret", "civitai:100@1001"]
)
def test_every_way_to_name_a_version_is_one_model(civitai_yard, text):
    run = civitai_yard.bring(text)
    assert civitai_yard.version(run).model.repo_id == "100"
    assert "secret" not in f"{run.key}{run.result}{run.intake.repo_id}{run.intake.revision}"
    assert ModelVersion.objects.count() == 1


def test_a_wrong_number_ends_the_run_with_what_to_do(civitai_yard):
    run = civitai_yard.bring("civitai:999")
    assert (run.state, run.error_code) == (RunState.FAILED, "upstream_not_found")
    assert "Look at the number" in run.error


def test_faults_in_between_are_waited_out(civitai_yard, civitai):
    civitai.faults = [
        Fault("/api/v1/", 503, times=2),
        Fault("/api/v1/", reset=True, times=1),
        Fault("/api/download", 429, headers={"Retry-After": "3"}, times=1),
    ]
    run = civitai_yard.bring("civitai:100@1001")
    assert (run.state, run.error) == (RunState.DONE, "")
    assert any(3.0 <= wait <= 3.75 for wait in civitai_yard.slept)


@pytest.mark.parametrize(
    ("uri", "revision"), [("100", "1001"), ("civitai:100@1001", None), ("civitai:100", "1001")]
)
def test_the_api_extracts_it(civitai_yard, client, uri, revision):
    key = ApiKeyFactory(scopes=["request"], user__tier="professional")
    key.user.groups.add(Group.objects.get_or_create(name="viewer")[0])
    body = {"model_uri": uri, "provider_type": "civitai", "revision": revision}
    asked = {"headers": {"Authorization": f"Bearer {key.token}"}, "data": json.dumps(body)}
    answer = client.post("/model-info/extract", content_type="application/json", **asked)
    assert answer.status_code == 202
    civitai_yard.drive(Run.objects.get(pk=answer.json()["workflow_id"]))
    version = ModelVersion.objects.get()
    answer = client.post(
        "/model-info/extract",
        content_type="application/json",
        headers=asked["headers"],
        data=json.dumps({**body, "model_uri": "100", "revision": version.commit}),
    )
    told = answer.json()["model_info"]
    assert (told["author"], told["tags"]) == ("harbour", ["boats", "style"])
    assert told["provider_url"] == "https://civitai.com/models/100?modelVersionId=1001"


def test_its_pages_open_and_lead_back_to_the_import(civitai_yard, client):
    caller = civitai_yard.person(role="curator")
    civitai_yard.bring("civitai:100@1001", caller=caller)
    user = User.objects.get(pk=caller.user_id)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    for tab in ("", "files/", "scan/", "license/", "versions/"):
        assert client.get(f"/models/civitai--100/{tab}").status_code == 200
    text = client.get("/models/civitai--100/license/").content.decode()
    assert "Permissions at CivitAI" in text
    assert "RentCivit" in text


def test_the_dry_run_shows_it(civitai_yard):
    found = dry_run(caller=civitai_yard.person(role="operator"), text="civitai:100@1001")
    assert (found.license_class, found.decision.lowest_tier) == ("unknown", "")
    assert found.inspected.model_type == "image"


def test_a_model_without_files_is_told(civitai_yard, civitai):
    civitai.versions[1001]["files"] = []
    run = civitai_yard.bring("civitai:100@1001")
    assert (run.error_code, UpstreamNotFoundError.code) == ("upstream_not_found",) * 2
    assert "no files" in run.error
