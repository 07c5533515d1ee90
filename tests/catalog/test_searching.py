"""Words find models at the sources: by REST and on the Import page, bounded and with manners."""

from __future__ import annotations

import pytest

from catalog.services.searching import are_words
from core.http import HttpPolicy
from registry.models import Model
from tests.catalog.sources.on_civitai import civitai
from tests.standins.civitai import Fault
from tests.standins.repos import GATED, PRIVATE, TOKEN, UNLICENSED

__all__ = ["civitai"]
HUB = "/api/v1/sources/huggingface/search"
CIVITAI = "/api/v1/sources/civitai/search"


@pytest.fixture
def found_yard(yard, civitai, settings):
    settings.CIVITAI_ENDPOINT = civitai.url
    return yard


@pytest.fixture
def operator(make_key):
    return make_key(role="operator")


def uris(answer):
    assert answer.status_code == 200, answer.content
    return [one["model_uri"] for one in answer.json()["results"]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("paper boats", True),
        ("gpt2", True),
        ("größe 7B-instruct", True),
        ("org/name", False),
        ("civitai:5@6", False),
        ("civitai:abc", False),
        ("https://example.org/x", False),
        ("hf download org/name", False),
        ("x" * 201, False),
        ("a\nb", False),
        ("../etc", False),
        ("", False),
    ],
)
def test_words_are_told_from_names_and_broken_addresses(settings, text, expected):
    assert are_words(text) is expected


def test_a_search_of_the_hub_is_one_request_and_bounded(found_yard, ask, operator):
    answer = ask(f"{HUB}?q=ACME%2Fun&limit=1", key=operator)
    assert len(uris(answer)) == 1
    assert set(uris(ask(f"{HUB}?q=licens", key=operator))) == {UNLICENSED}
    assert answer.json()["next"] is None
    log = found_yard.upstream.log()
    assert [entry["status"] for entry in log] == [200, 200]
    assert "limit=1" in log[0]["path"]
    assert not Model.objects.exists()


def test_what_is_found_says_what_an_import_needs(found_yard, ask, operator, civitai):
    (one,) = ask(f"{HUB}?q=acme%2Fgated", key=operator).json()["results"]
    assert (one["model_uri"], one["author"], bool(one["gated"])) == (GATED, "acme", True)
    (boat,) = ask(f"{CIVITAI}?q=paper%20boats", key=operator).json()["results"]
    assert (boat["model_uri"], boat["title"], boat["repo_id"]) == (
        "civitai:100",
        "Paper boats",
        "100",
    )


def test_pages_of_civitai_follow_one_another(found_yard, ask, operator, civitai):
    civitai.model(200, name="More paper boats")
    first = ask(f"{CIVITAI}?q=paper+boats&limit=1", key=operator)
    cursor = first.json()["next"]
    assert (uris(first), bool(cursor)) == (["civitai:100"], True)
    last = ask(f"{CIVITAI}?q=paper+boats&limit=1&cursor={cursor}", key=operator)
    assert (uris(last), last.json()["next"]) == (["civitai:200"], None)


def test_private_models_are_told_to_who_lends_a_token_alone(found_yard, ask, operator, settings):
    settings.HF_TOKEN = TOKEN  # the yard's own
    path = f"{HUB}?q={PRIVATE}"
    assert uris(ask(path, key=operator)) == []
    assert uris(ask(path, key=operator, **{"X-Source-Token": TOKEN})) == [PRIVATE]
    settings.HF_TOKEN = ""
    assert uris(ask(path, key=operator)) == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/sources/nowhere/search?q=x", 404),
        ("/api/v1/sources/disk/search?q=x", 400),
        (f"{HUB}?q=", 400),
        (f"{HUB}?q={'x' * 201}", 400),
        (f"{HUB}?q=x&limit=101", 400),
        (f"{HUB}?q=x&limit=0", 400),
        (f"{HUB}?q=x&cursor=2", 400),
        (f"{HUB}?q=x&sort=likes", 400),
    ],
)
def test_what_is_no_search_is_refused_without_a_request(found_yard, ask, operator, path, status):
    answer = ask(path, key=operator)
    assert answer.status_code == status, answer.content
    assert found_yard.upstream.log() == []


def test_only_who_may_import_may_search(found_yard, ask, make_key):
    assert ask(f"{HUB}?q=x").status_code == 401
    assert ask(f"{HUB}?q=x", key=make_key(scopes=["read"])).status_code == 403
    assert found_yard.upstream.log() == []


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"status": 429, "headers": {"Retry-After": "300"}}, 429, "upstream_rate_limited"),
        ({"status": 503}, 502, "upstream_unavailable"),
        ({"status": 200, "body": "[1, {}]"}, 502, "upstream_unavailable"),
    ],
)
def test_failures_of_the_source_are_told(
    found_yard, ask, operator, monkeypatch, fault, status, code
):
    monkeypatch.setattr(HttpPolicy, "__post_init__", no_waits, raising=False)
    found_yard.upstream.config(inject=[{"match": "/api/models", "times": 9, **fault}])
    answer = ask(f"{HUB}?q=x", key=operator)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def no_waits(policy):
    object.__setattr__(policy, "sleep", lambda seconds: None)


def test_the_import_page_offers_what_the_sources_have(found_yard, client, operator, civitai):
    client.force_login(operator.user)
    civitai.model(200, name="Unlicensed <b>boats</b>")
    page = client.get("/import/?uri=unlicensed").content.decode()
    for title in ("Hugging Face", "CivitAI"):
        assert f">{title}</h2>" in page
    assert f"?uri={UNLICENSED}" in page
    assert "?uri=civitai%3A200" in page
    assert "Unlicensed &lt;b&gt;boats&lt;/b&gt;" in page
    assert "Nothing by the words" not in page


def test_a_source_that_is_down_leaves_the_others_on_the_page(found_yard, client, operator, civitai):
    client.force_login(operator.user)
    civitai.faults = [Fault("/api/v1/models", 403)]
    page = client.get("/import/?uri=unlicensed", headers={"HX-Request": "true"}).content.decode()
    assert f"?uri={UNLICENSED}" in page
    assert "Not asked." in page
    assert "<html" not in page
