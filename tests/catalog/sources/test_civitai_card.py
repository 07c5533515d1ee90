"""What CivitAI says of a model, as the card of its listing."""

from __future__ import annotations

import json

import pytest

from catalog.inspection import facts_of_listing
from catalog.sources.civit.card import card_of, commercial_use, previews
from catalog.sources.civit.kinds import task_of
from catalog.sources.civit.plain import plain_text
from tests.catalog.sources.on_civitai import civitai, make_source, ref, slept, source
from tests.standins.civitai import image_row

__all__ = ["civitai", "make_source", "slept", "source"]


def test_a_card_says_what_the_image_configuration_needs(source):
    card = source.resolve(ref("100", "1001")).card_data
    told = card["civitai"]
    assert (told["model_id"], told["version_id"], told["version_name"]) == (100, 1001, "v1001")
    assert (told["type"], told["base_model"]) == ("LORA", "SDXL 1.0")
    assert (told["trained_words"], told["creator"]) == (["ppr boat"], "harbour")
    assert (told["nsfw"], told["nsfw_level"], told["poi"]) == (False, 1, False)
    assert told["description"] == "Boats of paper."
    (file,) = told["files"]
    assert (file["format"], file["fp"], file["size"]) == ("SafeTensor", "fp16", "pruned")
    assert set(file["hashes"]) == {"AutoV2", "SHA256", "CRC32"}
    (preview,) = told["previews"]
    assert preview["meta"]["sampler"] == "Euler a"
    assert "prompt" not in preview["meta"]


def test_a_card_says_the_rights(source):
    assert source.resolve(ref("100", "1001")).card_data["rights"] == {
        "stated_by": "CivitAI",
        "stated_at": "https://civitai.com/models/100?modelVersionId=1001",
        "commercial_use": ["Image", "RentCivit"],
        "derivatives": False,
        "no_credit": True,
        "different_license": False,
    }


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (["Rent", "Image"], ["Image", "Rent"]),
        ("{RentCivit,Image}", ["Image", "RentCivit"]),
        ("{}", []),
        ([], []),
        ("", []),
        ("None", []),
        ("{None}", []),
        ("Sell", ["Sell"]),
        (["Sell", "Sell", "New"], ["Sell", "New"]),
        (None, None),
        (True, None),
        ([1, None], []),
    ],
)
def test_what_may_be_sold_is_read_in_every_form(value, words):
    assert commercial_use(value) == words


@pytest.mark.parametrize(
    ("model", "version", "nsfw"),
    [
        ({"nsfw": False}, {"nsfwLevel": 3}, False),
        ({"nsfw": False}, {"nsfwLevel": 28}, True),
        ({"nsfw": True}, {"nsfwLevel": 1}, True),
        ({"nsfw": True}, {}, True),
        ({}, {"nsfwLevel": 4}, True),
        ({"nsfw": "no"}, {"nsfwLevel": "x"}, None),
    ],
)
def test_a_model_is_marked_by_its_own_word_or_by_what_its_version_shows(model, version, nsfw):
    assert card_of(model, version)["civitai"]["nsfw"] is nsfw


@pytest.mark.parametrize(
    ("row", "nsfw"),
    [
        ({"nsfwLevel": 2}, False),
        ({"nsfwLevel": 8}, True),
        ({"nsfwLevel": None, "nsfw": "X"}, True),
        ({"nsfwLevel": None, "nsfw": "Soft"}, False),
        ({"nsfwLevel": None, "nsfw": True}, True),
        ({"nsfwLevel": None, "nsfw": "new word"}, None),
    ],
)
def test_a_preview_is_marked_in_old_words_and_new(row, nsfw):
    (preview,) = previews({"images": [image_row(1, **row)]})
    assert preview["nsfw"] is nsfw


@pytest.mark.parametrize("url", ["javascript:alert(1)", "http://a/b", "", None, "https://a b/c", 7])
def test_a_preview_without_a_usable_address_is_left_out(url):
    assert previews({"images": [image_row(1, url=url), "x", None]}) == []


def test_a_card_is_bounded_and_survives_being_kept(civitai, source):
    civitai.models[100] |= {"description": "<p>" + "x" * 100_000, "tags": ["t" * 999] * 999}
    civitai.versions[1001] |= {
        "trainedWords": [f"{n} " + "w" * 999 for n in range(999)],
        "images": [image_row(n) for n in range(999)],
    }
    listing = source.resolve(ref("100", "1001"))
    told = listing.card_data["civitai"]
    assert (len(told["previews"]), len(told["trained_words"])) == (40, 100)
    assert len(json.dumps(told)) < 100_000
    assert facts_of_listing(listing)["card"] == listing.card_data


def test_a_card_of_nonsense_has_no_values():
    junk = {"modelId": "x", "tags": 7, "creator": [], "stats": "s", "files": 1, "images": {}}
    told = card_of(junk, junk)["civitai"]
    assert (told["tags"], told["files"], told["previews"], told["stats"]) == ([], [], [], {})
    assert (told["model_id"], told["creator"], told["description"]) == (None, "", "")


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<p>One</p><p>two <b>three</b></p>", "One\ntwo three"),
        ("a<br>b<li>c</li>", "a\nb\nc"),
        ("x &lt;b&gt; &amp; y", "x <b> & y"),
        ("<script>bad()</script>ok<style>p{}</style>", "ok"),
        ("<script>never closed", ""),
        ("<img src=x onerror=alert(1)>text", "text"),
        ("a\u202eb\x00c", "ab c"),
        ("<!-- <p>hidden</p> -->seen", "seen"),
        (None, ""),
        (7, ""),
    ],
)
def test_a_description_becomes_plain_text(html, words):
    assert plain_text(html) == words


@pytest.mark.parametrize("html", ["<" * 40_000, "<!--" * 10_000, "<a " * 10_000, "&#" * 20_000])
def test_broken_markup_is_read_in_bounds(html):
    assert len(plain_text(html)) <= 2000


@pytest.mark.parametrize(
    ("model_type", "base_model", "task"),
    [
        ("Checkpoint", "SDXL 1.0", "text-to-image"),
        ("LORA", "Wan Video 14B t2v", "text-to-video"),
        ("LORA", "LTXV", "text-to-video"),
        ("MotionModule", "SD 1.5", "text-to-video"),
        ("Wildcards", "SDXL 1.0", ""),
        ("Workflows", "Wan Video", ""),
        ("LORA", "Taiwanese style", "text-to-image"),
        ("", "", ""),
    ],
)
def test_a_type_and_base_model_tell_the_task(model_type, base_model, task):
    assert task_of(model_type, base_model) == task
