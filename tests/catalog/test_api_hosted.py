"""POST /model-info/cloud-model/extract: hosted models are told, listed, and never admitted."""

from __future__ import annotations

import pytest

from core.errors import ConflictError
from core.http import origin_of
from registry.authentication import caller_of_user
from registry.enums import Gate, GateMode, Tier
from registry.models import AccessRequest, Model, ModelVersion, Policy
from registry.seeds import seed
from registry.services import gates
from registry.services.curation import approve
from tests.catalog.test_api_models import problem
from tests.standins.budconnect import BudConnect
from tests.standins.fixture import start_upstream
from tests.standins.yard import make_yard

__all__ = ["make_yard", "start_upstream"]
PATH, URI = "/model-info/cloud-model/extract", "openai/gpt-4o"


@pytest.fixture
def service(make_yard, start_upstream, settings):
    """The configured catalog of a yard with its policies; it tells of one model."""
    make_yard(start_upstream())
    with BudConnect() as running:
        settings.BUDCONNECT_URL = running.url
        running.tell()
        yield running


@pytest.fixture
def extract(ask, make_key):
    def send(uri=URI, *, key=None, path=PATH, **words):
        key = key or make_key()
        return ask(path, key=key, method="POST", body={"model_uri": uri, **words})

    return send


def test_a_hosted_model_is_told_at_once(service, extract):
    shown = extract().json()
    told = shown["model_info"]
    assert (shown["object"], shown["model"]) == (
        "cloud_model_extraction",
        "cloud_model--openai--gpt-4o",
    )
    assert (told["author"], told["uri"]) == ("OpenAI", f"{URI}@{shown['revision']}")
    assert (told["modality"], told["languages"]) == (["text", "image"], ["en", "de"])
    assert (told["strengths"], told["limitations"]) == (["Fast"], ["Closed weights"])
    assert told["papers"][0]["title"] == "System card"
    assert told["architecture"]["text_config"]["context_length"] == 128000
    assert told["license"] == {"id": None, "type": "unknown"}
    assert (told["extraction_status"], told["missing"]) == ("completed", [])


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ({"extraction_metadata": {"cached": True}}, "cached"),
        ({"description": None}, "partial"),
        ({"description": None, "extraction_status": "cached"}, "partial"),
        ({"architecture": {"text_config": {"num_layers": "many"}}}, "partial"),
    ],
)
def test_the_status_says_how_much_was_told_and_from_where(service, extract, words, status):
    service.tell(**words)
    told = extract().json()["model_info"]
    assert told["extraction_status"] == status
    assert bool(told["missing"]) is (status == "partial")


def test_it_is_a_model_with_a_version_and_no_file(service, extract):
    shown = extract().json()
    version = ModelVersion.objects.select_related("model").get()
    assert (version.model.source, version.model.repo_id) == ("cloud_model", URI)
    assert (version.commit, version.file_count, version.size_bytes) == (shown["revision"], 0, 0)
    assert (version.admission, version.scan_verdict, version.lowest_tier) == ("held", "", "")
    assert version.facts["hosted"]["service"] == origin_of(service.url)
    answers = {row.gate: row.outcome for row in version.gates.all()}
    assert answers == {
        "source": "passed",
        "integrity": "unknown",
        "malware": "unknown",
        "license": "unknown",
        "metadata": "passed",
    }


def test_the_same_words_are_one_version_and_new_ones_a_second(service, extract):
    first, again = extract().json(), extract().json()
    assert first["revision"] == again["revision"]
    assert ModelVersion.objects.count() == 1
    service.tell(description="Better now.")
    assert extract().json()["revision"] != first["revision"]
    assert (Model.objects.count(), ModelVersion.objects.count()) == (1, 2)
    assert Model.objects.get().description == "Better now."


def test_no_policy_admits_what_has_no_files(service, extract, client, make_key):
    Policy.objects.update(is_active=False)
    modes = {gate.value: GateMode.OFF.value for gate in Gate}
    for tier in Tier:
        Policy.objects.create(tier=tier, number=9, gates=modes, limits={})
    key = make_key(role="curator")
    slug = extract(key=key).json()["model"]
    version = ModelVersion.objects.get()
    assert (version.admission, version.lowest_tier) == ("held", "")
    reasons = [one["reason"] for tier in version.decision["tiers"] for one in tier["reasons"]]
    assert set(reasons) == {"It has no files here, so nothing of it was verified or scanned."}
    assert gates.decide(version=version).admission == "held"
    client.force_login(key.user, backend="django.contrib.auth.backends.ModelBackend")
    assert "nothing of it was verified" in client.get(f"/models/{slug}/").content.decode()


def test_no_curator_can_waive_it(service, extract, make_key):
    lite = make_key(tier="lite")
    assert extract(key=lite).status_code == 200
    request = AccessRequest.objects.get(user=lite.user)
    curator = caller_of_user(make_key(role="curator").user)
    with pytest.raises(ConflictError, match="Cannot be waived: integrity, malware"):
        approve(caller=curator, request=request, note="Yes")


def test_nothing_of_it_can_be_downloaded_or_imported(service, extract, ask, make_key):
    key = make_key(role="curator")
    slug = extract(key=key).json()["model"]
    shown = ask(f"/api/v1/models/{slug}", key=key).json()
    assert (shown["status"], shown["scan"], shown["download_url"]) == ("held", "none", None)
    revision = shown["revision"]
    answer = ask(
        f"/api/v1/models/{slug}/download", key=key, method="POST", body={"revision": revision}
    )
    problem(answer, 403, "gate_blocked")
    assert ask(f"/hf/{URI}/resolve/main/config.json", key=key).status_code == 404


def test_the_pages_of_it_open(service, extract, client, make_key):
    key = make_key()
    slug = extract(key=key).json()["model"]
    client.force_login(key.user, backend="django.contrib.auth.backends.ModelBackend")
    for tab in ("", "files/", "scan/", "license/", "versions/"):
        assert client.get(f"/models/{slug}/{tab}").status_code == 200


def test_the_other_extraction_answers_the_same(service, extract):
    shown = extract(path="/model-info/extract", provider_type="cloud_model").json()
    assert shown["object"] == "model_extraction"
    assert (shown["workflow_id"], shown["local_path"]) == (None, None)
    assert shown["model_info"]["author"] == "OpenAI"


def test_without_a_service_the_setting_is_named(extract, settings, db):
    seed()
    told = problem(extract(), 503, "not_configured")
    assert "BUDCONNECT_URL" in told["detail"]


def test_a_service_that_is_not_allowed_is_not_asked(service, extract, settings):
    with BudConnect() as other:
        other.tell()
        told = problem(extract(external_service_url=other.url), 403, "address_blocked")
        assert "BUDCONNECT_ALLOW" in told["detail"]
        settings.BUDCONNECT_ALLOW = (origin_of(other.url),)
        told = problem(extract(external_service_url=other.url), 403, "address_blocked")
        assert "loopback" in told["detail"]  # on the list, and still no public address
        assert other.asked() == service.asked() == []
    assert Model.objects.count() == 0


def test_a_service_that_is_allowed_is_asked_in_place_of_the_configured_one(
    service, extract, settings
):
    with BudConnect() as other:
        other.tell(description="As the other tells it.")
        settings.BUDCONNECT_ALLOW = settings.UPSTREAM_ALLOW = (origin_of(other.url),)
        shown = extract(external_service_url=other.url).json()
        assert extract(external_service_url=service.url).status_code == 200
    assert shown["model_info"]["description"] == "As the other tells it."
    assert len(service.asked()) == 1


@pytest.mark.parametrize(
    ("statuses", "headers", "status", "code"),
    [
        ([502] * 9, {}, 502, "upstream_unavailable"),
        ([503] * 9, {}, 502, "upstream_unavailable"),
        ([504] * 9, {}, 502, "upstream_unavailable"),
        ([429] * 9, {"Retry-After": "70"}, 429, "upstream_rate_limited"),
        ([401] * 9, {}, 403, "upstream_forbidden"),
    ],
)
def test_a_failing_service_is_told_in_our_words(service, extract, statuses, headers, status, code):
    served = service.tell()
    served.statuses, served.headers = statuses, headers
    told = problem(extract(), status, code)
    assert Model.objects.count() == 0
    assert told.get("retry_after", 0) == (70 if status == 429 else 0)


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        ({"uri": "acme/none"}, 404, "upstream_not_found"),
        ({"uri": "a b"}, 400, "invalid_input"),
        ({"uri": "x" * 201}, 400, "invalid_input"),
        ({"external_service_url": "nowhere"}, 400, "invalid_input"),
        ({"hf_token": "x"}, 400, "invalid_input"),
    ],
)
def test_what_cannot_be_asked_is_refused(service, extract, words, status, code):
    problem(extract(**words), status, code)


def test_a_wrong_type_names_its_field(service, extract):
    service.tell(tags=[7])
    assert problem(extract(), 502, "upstream_unavailable")["field"] == "tags.0"


def test_it_takes_the_scope_request(service, extract, make_key):
    problem(extract(key=make_key(scopes=["read"])), 403, "not_permitted")
    assert service.asked() == []
