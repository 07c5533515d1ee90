from __future__ import annotations

import pytest

from catalog.inspectors.senses import audio_part, named_sizes, sees, vision_part

VIT = {"image_size": 336, "patch_size": 14}


@pytest.mark.parametrize(
    "config",
    [
        {"vision_config": VIT},
        {"visual": VIT},
        {"thinker_config": {"vision_config": VIT}},
        {"embd_layer": {"image_embd_layer": VIT}},
        {"vision_config": {"cls": "Tower", "params": VIT}},
        {"visual_tokenizer_config": {"backbone_config": VIT}},
        {"img_processor": {"model_name": "openai/clip-vit-large-patch14-336"}},
        {"mm_vision_tower": "openai/clip-vit-large-patch14-336"},
    ],
)
def test_the_part_that_sees_is_found_wherever_it_is_kept(config):
    part = vision_part(config)
    assert part["image_size"] == 336
    assert part["patch_size"] == 14
    assert sees(config)


@pytest.mark.parametrize(
    "config",
    [{}, {"vision_config": None}, {"vision_config": {}}, {"visual": True}, {"mm_vision_tower": 7}],
)
def test_a_model_without_such_a_part_is_blind(config):
    assert vision_part(config) is None
    assert not sees(config)


def test_a_token_that_stands_for_a_picture_is_enough():
    assert sees({"image_token_id": 7})
    assert sees({"thinker_config": {"image_token_index": 7}})
    assert not sees({"image_token_id": None})


@pytest.mark.parametrize(
    "config",
    [
        {"audio_config": {"d_model": 8}},
        {"thinker_config": {"audio_config": {"d_model": 8}}},
        {"audio_processor": {"config": {"d_model": 8}, "name": "cascades"}},
    ],
)
def test_the_part_that_hears_is_found(config):
    assert audio_part(config)["d_model"] == 8
    assert audio_part({"vision_config": VIT}) is None


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("openai/clip-vit-large-patch14-336", {"patch_size": 14, "image_size": 336}),
        ("openai/clip-vit-large-patch14", {"patch_size": 14}),
        ("google/siglip-so400m-patch14-384", {"patch_size": 14, "image_size": 384}),
        ("siglip_large_patch16_384", {"patch_size": 16, "image_size": 384}),
        ("facebook/dinov2-base", {}),
        ("", {}),
    ],
)
def test_towers_are_named_by_patch_and_picture(name, sizes):
    assert named_sizes(name) == sizes
