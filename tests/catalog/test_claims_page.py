"""What the source and the author say of a model, on its page and in REST."""

from __future__ import annotations

import pytest

from catalog import inspection
from catalog.pages.claims import FIRST, claims_context
from catalog.pages.configuration import configuration_context
from catalog.pages.facts import facts
from core.wording import TIMES, grouped
from registry.configs import load_config
from registry.models import ModelVersion
from tests.factories.registry import UserFactory
from tests.standins import repos

pytestmark = pytest.mark.django_db
CARD = """---
license: mit
pipeline_tag: text-generation
language: [en, de]
datasets: [c4, own/set]
model-index:
- name: n
  results:
  - task: {type: text-generation}
    dataset: {type: mmlu, name: "MMLU <b>", config: pro, split: test}
    metrics:
    - {type: acc, value: 0.51234567, verified: true}
    - {type: f1, value: 20.0 ± 1.2}
    source: {name: A table, url: "https://example.org/table"}
---
Trained as told in [a paper](https://arxiv.org/abs/2401.01234).
"""


@pytest.fixture
def told(yard):
    """A model whose card and source say much."""
    yard.upstream.repos.repo(
        "acme/told",
        {
            "README.md": CARD,
            "config.json": repos.TINY_CONFIG,
            "model.safetensors": repos.tiny_safetensors({"w": ("F32", [2, 3])}),
        },
        meta={"downloads": 12345, "likes": 67, "tags": ["arxiv:2307.09288", "dataset:squad"]},
    )
    yard.upstream.reload()
    return yard.admit("acme/told")


def page_of(client, version):
    client.force_login(UserFactory(), backend="django.contrib.auth.backends.ModelBackend")
    return client.get(f"/models/{version.model.slug}/")


def rail(version):
    return {row["label"]: row["value"] for row in facts(version.model, version)}


def test_the_rail_tells_what_the_source_said_that_day(told):
    day = f"{told.pinned_at:%Y-%m-%d}"
    found = rail(told)
    assert found["Downloads"] == f"{grouped(12345)} on {day}"
    assert found["Likes"] == f"67 on {day}"
    assert found["Tasks"] == "text-generation"
    assert found["Languages"] == "en, de"
    assert found["Trained on"] == "c4, own/set, squad"
    assert "Gated" not in found


@pytest.mark.parametrize(
    ("gated", "words"),
    [("auto", "yes, once its terms are accepted"), ("manual", "yes, its authors decide")],
)
def test_the_rail_says_how_a_model_is_gated(told, gated, words):
    told.facts["gated"] = gated
    assert rail(told)["Gated"] == words


def test_a_long_list_is_told_by_its_first(told):
    told.facts["languages"] = [f"l{number}" for number in range(100)]
    assert rail(told)["Languages"] == "l0, l1, l2, l3, l4, l5 and 94 more"


def test_results_stand_on_the_page_as_claims(told, client):
    page = page_of(client, told)
    rows = page.context["evaluations"]["first"]
    assert [(row["metric"], row["value"]) for row in rows] == [
        ("acc", "0.512346"),
        ("f1", "20.0 ± 1.2"),
    ]
    text = page.content.decode()
    assert "Results its author claims" in text
    assert "MMLU &lt;b&gt;" in text
    assert "pro, test" in text
    assert "marked as verified in the card" in text
    assert 'href="https://example.org/table"' in text
    assert "arXiv:2307.09288" in text
    assert "arXiv:2401.01234" in text


def test_rest_tells_the_same(told, ask, make_key):
    body = {"model_name": "told", "model_uri": f"acme/told@{told.commit}"}
    answer = ask("/model-info/extract", key=make_key(), method="POST", body=body).json()
    info = answer["model_info"]
    assert (info["downloads"], info["likes"], info["gated"]) == (12345, 67, None)
    assert info["datasets"] == ["c4", "own/set", "squad"]
    first = info["evaluations"][0]
    assert (first["task"], first["dataset"], first["metric"]) == ("text-generation", "mmlu", "acc")
    assert (first["value"], first["source_url"]) == (0.51234567, "https://example.org/table")


def test_a_card_that_only_the_source_shows_keeps_its_results_when_inspected_again(told):
    """A gated model's README stays away; its head comes with the listing, as it was pinned."""
    listing = inspection.listing_of(told)
    assert listing.card_data["model-index"][0]["results"][0]["metrics"][0]["value"] == 0.51234567


def test_what_a_card_holds_beyond_bounds_is_left_out():
    deep: list[object] = []
    for _ in range(100):
        deep = [deep]
    kept = inspection._plain({"a": [0] * 3000, "b": list(range(900)), "deep": deep})
    assert (len(kept["a"]), kept["b"][-1]) == (1000, 899)
    wide = inspection._plain({"x": [[[1] * 1000] * 1000] * 1000})
    assert sum(len(rows or ()) for rows in wide["x"]) < 20_000


PREVIEW = {"url": "https://image.civitai.com/a.jpeg", "width": 832, "height": 1216, "nsfw": True}


def test_previews_are_links_with_size_and_rating(make_model, client):
    config = {
        "previews": [
            PREVIEW,
            {"url": "https://image.civitai.com/b.jpeg", "nsfw": False},
            {"url": "https://image.civitai.com/c.jpeg"},
            {"url": "javascript:alert(1)"},
        ]
    }
    model = make_model()
    ModelVersion.objects.filter(pk=model.head_id).update(model_type="image", config=config)
    client.force_login(UserFactory(), backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(f"/models/{model.slug}/")
    rows = page.context["previews"]["first"]
    assert [(row["size"], row["rated"]) for row in rows] == [
        (f"832 {TIMES} 1216", "NSFW"),
        ("", "safe for work"),
        ("", "not rated"),
    ]
    text = page.content.decode()
    assert 'href="https://image.civitai.com/a.jpeg"' in text
    assert "javascript:alert" not in text
    assert "<img" not in text


def test_what_is_long_is_folded():
    config = load_config("image", {"previews": [PREVIEW] * 20})
    found = claims_context(None, config)
    assert (len(found["previews"]["first"]), len(found["previews"]["rest"])) == (FIRST, 12)
    assert claims_context(None, None) == {"evaluations": None, "previews": None}


def test_parts_of_a_pipeline_are_in_the_configuration():
    parts = [
        {"name": "unet", "library": "diffusers", "class_name": "UNet2DConditionModel"},
        {"name": "safety_checker"},
    ]
    rows = configuration_context(load_config("image", {"components": parts}))["rows"]
    assert [row for row in rows if row["name"].startswith("components")] == [
        {"name": "components.unet", "text": "diffusers UNet2DConditionModel"},
        {"name": "components.safety_checker", "text": "none"},
    ]


def test_the_rail_of_a_picture_model_says_what_it_is_made_for(make_model):
    config = {
        "base_model": "SDXL 1.0",
        "width": 1024,
        "height": 768,
        "trigger_words": ["score_9"],
        "nsfw": True,
    }
    version = make_model(files={"a.safetensors": b"a"}).head
    version.config = config
    found = rail(version)
    assert found["Made for"] == "SDXL 1.0"
    assert found["Trained at"] == f"1024 {TIMES} 768"
    assert found["Triggered by"] == "score_9"
    assert found["Pictures"] == "marked NSFW at its source"
    assert found["Size"].endswith("1 file")


def test_a_model_that_is_a_number_is_shown_by_its_name(make_model, client):
    model = make_model("257749", source="civitai", name="A <b> name")
    client.force_login(UserFactory(), backend="django.contrib.auth.backends.ModelBackend")
    text = " ".join(client.get(f"/models/{model.slug}/").content.decode().split())
    assert '<h1 class="min-w-0 break-words"> A &lt;b&gt; name' in text
