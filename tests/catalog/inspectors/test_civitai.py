from __future__ import annotations

import pytest

from catalog.inspectors.civitai import image_facts


def card(*metas, **words):
    previews = [
        {"url": f"https://x/{n}", "width": 832, "height": 1216, "nsfw": False, "meta": meta}
        for n, meta in enumerate(metas)
    ]
    return {"civitai": {"previews": previews, **words}}


def test_a_card_says_what_an_image_model_is():
    told = {
        "type": "LoCon",
        "base_model": "SDXL 1.0",
        "trained_words": ["ppr boat", "sail"],
        "nsfw": False,
    }
    assert image_facts(card({}, **told)) == {
        "base_model": "SDXL 1.0",
        "checkpoint_type": "lora",
        "trigger_words": ("ppr boat", "sail"),
        "nsfw": False,
        "previews": ({"url": "https://x/0", "width": 832, "height": 1216, "nsfw": False},),
    }


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("Checkpoint", "checkpoint"),
        ("TextualInversion", "embedding"),
        ("Hypernetwork", "hypernetwork"),
        ("VAE", "vae"),
        ("Controlnet", "controlnet"),
        ("DoRA", "lora"),
        ("Upscaler", "upscaler"),
        ("MotionModule", "other"),
    ],
)
def test_every_type_has_its_word(word, kind):
    assert image_facts(card(type=word)) == {"checkpoint_type": kind}


def test_settings_are_those_of_most_previews():
    often = {"steps": 30, "sampler": "Euler a", "cfgScale": 5, "Size": "832x1216", "clipSkip": 2}
    once = {"steps": 20, "sampler": "DDIM", "cfgScale": 7, "Size": "512x512", "Clip skip": "1"}
    facts = image_facts(card(once, often, often, {}))
    del facts["previews"]
    assert facts == {
        "width": 832,
        "height": 1216,
        "samplers": ("Euler a", "DDIM"),
        "steps": 30,
        "cfg_scale": 5.0,
        "clip_skip": 2,
    }


@pytest.mark.parametrize(
    "meta",
    [
        {"steps": "many", "cfgScale": "high", "Size": "big", "clipSkip": "x", "sampler": 7},
        {"steps": -1, "cfgScale": 1e9, "Size": "0x0", "clipSkip": 1.5, "sampler": ""},
        {"steps": True, "cfgScale": True, "Size": 5, "clipSkip": [1], "sampler": None},
        {"steps": "9" * 40, "cfgScale": "nan", "Size": "832x" + "9" * 40},
    ],
)
def test_settings_that_are_none_are_left_out(meta):
    assert set(image_facts(card(meta))) == {"previews"}


@pytest.mark.parametrize("data", [{}, {"civitai": None}, {"civitai": []}, {"license": "mit"}])
def test_a_card_of_another_source_says_nothing(data):
    assert image_facts(data) == {}


@pytest.mark.parametrize("previews", ["x", None, [1, None, {"meta": []}], {"url": "u"}])
def test_previews_that_are_none_are_left_out(previews):
    assert image_facts({"civitai": {"previews": previews}}) == {}
