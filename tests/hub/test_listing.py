"""The list of models: whose, searched, filtered, in pages."""

from __future__ import annotations

import pytest
from huggingface_hub.hf_api import ModelInfo

from core.cursors import encode_cursor
from registry.models import Model
from registry.services.heads import refresh_head
from tests.factories.registry import ModelFactory, VersionFactory
from tests.hub.conftest import make_version

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "parts",
    [
        (1, 1),
        ("lastModified", 1, 1),
        ("lastModified", "2026-13-01T00:00:00Z", 1),
        ("lastModified", "2026-01-01", 1),
        ("lastModified", "2026-01-01T00:00:00Z", "1"),
        ("createdAt", "2026-01-01T00:00:00Z", 1),
        ("downloads", 1, 1),
        ("likes", 1, 1),
    ],
)
def test_a_cursor_of_another_list_is_refused(ask, key, version, parts):
    assert ask(f"/api/models?cursor={encode_cursor(*parts)}", key=key).status_code == 400
    for path in ("tree/main", "commits/main"):
        address = f"/api/models/{version.model.repo_id}/{path}?cursor={encode_cursor(*parts)}"
        assert ask(address, key=key).status_code == 400


def test_a_cursor_beyond_every_number_is_no_fault(ask, key, version):
    huge = encode_cursor("lastModified", "2026-01-01T00:00:00Z", 2**63)
    assert ask(f"/api/models?cursor={huge}", key=key).json() == []
    address = f"/api/models/{version.model.repo_id}/commits/main?cursor={encode_cursor(2**63)}"
    assert len(ask(address, key=key).json()) == 1


def test_the_list_shows_admitted_models_of_the_callers_tiers(ask, key, lite_key, store):
    seen = make_version(store)
    make_version(store, model__tier="professional", model__repo_id="acme/pro")
    make_version(store, admission="held", model__repo_id="acme/held")
    assert [m["id"] for m in ask("/api/models", key=lite_key).json()] == [seen.model.repo_id]
    assert {m["id"] for m in ask("/api/models", key=key).json()} == {seen.model.repo_id, "acme/pro"}


def test_the_list_is_searched_and_paged(ask, key):
    for name in ("acme/bert-a", "acme/bert-b", "other/bert-c", "acme/llama"):
        VersionFactory(model__repo_id=name)
    found = ask("/api/models?search=BERT&author=acme", key=key).json()
    assert [m["id"] for m in found] == ["acme/bert-b", "acme/bert-a"]
    response = ask("/api/models?limit=3&expand=sha", key=key)
    rest = ask(response["Link"].partition("/hf")[2].partition(">")[0], key=key)
    names = [m["id"] for m in response.json() + rest.json()]
    assert names == ["acme/llama", "other/bert-c", "acme/bert-b", "acme/bert-a"]
    assert set(rest.json()[0]) == {"_id", "id", "sha"}


def names(ask, key, query):
    """The names on all pages, each page as long as it was asked for."""
    found, address = [], f"/api/models?{query}"
    while address:
        response = ask(address, key=key)
        assert response.status_code == 200
        found += [ModelInfo(**entry).id for entry in response.json()]
        address = response.get("Link", "").partition("/hf")[2].partition(">")[0]
    return found


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("min:6B", ["a/7b", "a/70b"]),
        ("max:7B", ["a/half", "a/7b"]),
        ("min:0.4B,max:7000M", ["a/half", "a/7b"]),
        ("min:1T", []),
    ],
)
def test_the_list_is_narrowed_by_parameters(ask, key, asked, found):
    for name, count in {"half": 5 * 10**8, "7b": 7 * 10**9, "70b": 7 * 10**10}.items():
        VersionFactory(model__repo_id=f"a/{name}", config={"num_params": count})
    VersionFactory(model__repo_id="a/unknown")
    assert names(ask, key, f"num_parameters={asked}") == found[::-1]


@pytest.mark.parametrize("asked", ["6B", "min:6X", "min:", "min:1e9", f"min:{'9' * 16}B"])
def test_a_range_is_read_or_refused(ask, key, asked):
    assert ask(f"/api/models?num_parameters={asked}", key=key).status_code == 400


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("gated=False", 1),
        ("gated=True", 0),
        ("inference=warm", 0),
        ("inference_provider=all", 0),
        ("apps=ollama", 0),
    ],
)
def test_what_there_is_none_of_here_is_listed_as_none(ask, key, version, query, count):
    assert len(ask(f"/api/models?{query}", key=key).json()) == count


def test_the_list_is_sorted_by_when_a_model_came(ask, key):
    models = [VersionFactory(model__repo_id=f"a/{name}").model for name in "xyz"]
    refresh_head(models[0])
    assert names(ask, key, "limit=1") == ["a/x", "a/z", "a/y"]
    assert names(ask, key, "sort=createdAt&direction=-1&limit=1") == ["a/z", "a/y", "a/x"]
    assert ask("/api/models?sort=createdAt&direction=1", key=key).status_code == 400


def test_the_list_is_searched_by_two_filters_over_pages(ask, key, lite_key):
    for number in range(5):
        VersionFactory(model__repo_id=f"acme/bert-{number}", config={"num_params": number})
    VersionFactory(
        model__repo_id="acme/bert-9", model__tier="professional", config={"num_params": 4}
    )
    query = "author=acme&num_parameters=min:2&limit=2"
    assert names(ask, lite_key, query) == ["acme/bert-4", "acme/bert-3", "acme/bert-2"]
    assert len(names(ask, key, query)) == 4


def test_the_list_has_every_model_that_its_name_finds(ask, key, lite_key):
    made = [
        ("civitai", "1/2", "lite"),
        ("disk", "local/m", "lite"),
        ("civitai", "local/m", "professional"),
        ("disk", "org/same", "lite"),
        ("huggingface", "org/same", "professional"),
        ("elsewhere", "org/other", "lite"),
    ]
    for number, (source, name, tier) in enumerate(made):
        slug = f"{source}--{name}".replace("/", "--")
        model = ModelFactory(source=source, repo_id=name, slug=slug, tier=tier)
        VersionFactory(model=model, commit=f"{number:040x}")
    for asker, found in {lite_key: ["1/2"], key: ["org/same", "local/m", "1/2"]}.items():
        listed = ask("/api/models", key=asker).json()
        assert [entry["id"] for entry in listed] == found
        for entry in listed:
            info = ask(f"/api/models/{entry['id']}", key=asker).json()
            assert info["sha"] == entry["sha"]
    assert names(ask, lite_key, "limit=1") == ["1/2"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("filter=bert", ["a/two", "a/one"]),
        ("filter=bert&filter=fr", ["a/two"]),
        ("filter=bert,fr", ["a/two"]),
        ("filter=license:mit", ["a/two"]),
        ("filter=dataset:squad&limit=1", ["a/two", "a/one"]),
        ("tags=bert&language=fr", ["a/two"]),
        ("library=transformers&task=fill-mask", ["a/one"]),
        ("pipeline_tag=fill-mask", ["a/one"]),
        ("pipeline_tag=fill-mask&filter=fr", []),
        ("filter=BERT", []),
    ],
)
def test_the_list_is_filtered_by_every_tag(ask, key, query, found):
    for name, task, tags in [
        ("one", "fill-mask", ["bert", "dataset:squad", "transformers", "fill-mask"]),
        ("two", "", ["bert", "fr", "license:mit", "dataset:squad"]),
        ("three", "text-generation", ["llama"]),
    ]:
        model = VersionFactory(model__repo_id=f"a/{name}").model
        Model.objects.filter(pk=model.pk).update(hub_tags=tags, pipeline_tag=task)
    assert names(ask, key, query) == found


def test_what_a_source_says_is_what_the_list_is_filtered_by(ask, key):
    facts = {"source_tags": ["bert", "license:mit"], "pipeline_tag": "fill-mask"}
    version = VersionFactory(facts=facts)
    VersionFactory(facts={"source_tags": ["bert"]})
    found = names(ask, key, "filter=license:mit&filter=bert&pipeline_tag=fill-mask")
    assert found == [version.model.repo_id]
    assert names(ask, key, "filter=fill-mask") == found


def test_the_list_is_sorted_by_downloads(ask, key):
    for name, count in {"few": 1, "none": 0, "many": 2**40, "also": 1}.items():
        model = VersionFactory(model__repo_id=f"a/{name}").model
        Model.objects.filter(pk=model.pk).update(downloads_month=count)
    assert names(ask, key, "sort=downloads&limit=1") == ["a/many", "a/also", "a/few", "a/none"]
    told = {entry["id"]: entry["downloads"] for entry in ask("/api/models", key=key).json()}
    assert told == {"a/few": 1, "a/none": 0, "a/many": 2**40, "a/also": 1}


def test_the_list_is_sorted_by_the_likes_that_sources_told(ask, key):
    told = {"few": 1, "unsaid": None, "many": 2**40, "also": 1, "text": "9", "beyond": 2**63}
    for name, count in told.items():
        VersionFactory(model__repo_id=f"a/{name}", facts={"likes": count})
    listed = ["a/many", "a/also", "a/few", "a/beyond", "a/text", "a/unsaid"]
    assert names(ask, key, "sort=likes&direction=-1&limit=1") == listed
    entries = {entry["id"]: entry for entry in ask("/api/models", key=key).json()}
    assert {name: entry["likes"] for name, entry in entries.items() if "likes" in entry} == {
        "a/few": 1, "a/also": 1, "a/many": 2**40
    }  # fmt: skip
    assert ask("/api/models/a/many?expand=likes", key=key).json()["likes"] == 2**40


@pytest.mark.parametrize("order", ["trendingScore", "trending_score"])
def test_what_trends_is_what_was_fetched_lately(ask, key, order):
    for name, count in {"old": 1, "new": 9}.items():
        model = VersionFactory(model__repo_id=f"a/{name}").model
        Model.objects.filter(pk=model.pk).update(downloads_month=count)
    assert names(ask, key, f"sort={order}&limit=1") == ["a/new", "a/old"]
    assert "trendingScore" not in ask("/api/models?expand=trendingScore", key=key).json()[0]


def test_a_list_tells_cards_to_who_asks_for_them(ask, key):
    VersionFactory(facts={"card": {"license": "mit"}})
    (entry,) = ask("/api/models?cardData=true", key=key).json()
    assert entry["cardData"] == {"license": "mit"}
    (entry,) = ask("/api/models?expand=cardData", key=key).json()
    assert set(entry) == {"_id", "id", "cardData"}
    assert "cardData" not in ask("/api/models", key=key).json()[0]
