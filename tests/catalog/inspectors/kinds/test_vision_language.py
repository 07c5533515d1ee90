from __future__ import annotations

import pytest

from catalog.inspectors.kinds.vision_language import facts
from registry.configs.vision_language import VisionLanguageConfig
from tests.catalog.inspectors.memory import subject_of

TEXT = {"hidden_size": 2048, "num_hidden_layers": 2, "vocab_size": 9, "num_attention_heads": 4}
CLIP = {
    "model_type": "clip_vision_model", "image_size": 336, "patch_size": 14, "hidden_size": 1024,
    "num_hidden_layers": 24,
}  # fmt: skip
SIGLIP = {**CLIP, "model_type": "siglip_vision_model", "image_size": 384, "patch_size": 16}
SQUARE = {"size": {"height": 384, "width": 384}}


def known(config, **files):
    files = {name.replace("__", "."): content for name, content in files.items()}
    subject = subject_of({"config.json": {"text_config": TEXT, **config}, **files})
    names = VisionLanguageConfig.model_fields
    return VisionLanguageConfig(**{k: v for k, v in facts(subject).items() if k in names}), subject


LLAVA = {"vision_feature_select_strategy": "default"}
OLD_LLAVA = {"mm_vision_tower": "openai/clip-vit-large-patch14-336", "mm_hidden_size": 1024,
             "mm_projector_type": "mlp2x_gelu"}  # fmt: skip
INTERNVL = {"vision_config": {**CLIP, "image_size": 448}, "downsample_ratio": 0.5}


@pytest.mark.parametrize(
    ("config", "tokens"),
    [
        ({"vision_config": CLIP, **LLAVA}, 576),
        ({"vision_config": CLIP, "vision_feature_select_strategy": "full"}, 577),
        ({"vision_config": SIGLIP, "vision_feature_select_strategy": "full"}, 576),
        ({"vision_config": CLIP, **LLAVA, "image_grid_pinpoints": [[336, 672]]}, None),
        ({"vision_config": {**CLIP, "rope_theta": 1e4}, **LLAVA}, None),
        (OLD_LLAVA, 576),
        ({**OLD_LLAVA, "mm_vision_select_feature": "cls_patch"}, 577),
        ({**OLD_LLAVA, "image_aspect_ratio": "anyres"}, None),
        ({**OLD_LLAVA, "mm_projector_type": "something"}, None),
        ({"vision_config": SIGLIP, "mm_tokens_per_image": 256}, 256),
        ({"vision_config": {"hidden_size": 8}, "vision_soft_tokens_per_image": 256}, 256),
        ({"vision_config": {**SIGLIP, "num_image_tokens": 1024}}, 1024),
        ({"vision_config": SIGLIP, "text_config": {**TEXT, "num_image_tokens": 256}}, 256),
        ({"vision_config": CLIP, "num_query_tokens": 32}, 32),
        ({"vision_config": CLIP, "image_seq_length": 64}, 64),
        (INTERNVL, None),
        ({**INTERNVL, "dynamic_image_size": True}, None),
        ({**INTERNVL, "dynamic_image_size": False}, 256),
        ({"vision_config": {**CLIP, "pixel_shuffle_ratio": 0.5}}, None),
        ({"vision_config": {**CLIP, "max_num_tiles": 4}}, None),
        ({"vision_config": {"patch_size": 14, "spatial_merge_size": 2}}, None),
        ({"vision_config": {"patch_size": 14, "merge_kernel_size": [2, 2]}}, None),
        ({"vision_config": CLIP, "spatial_merge_size": 2}, None),
        ({"vision_config": CLIP, "slice_config": {"max_slice_nums": 9}, "query_num": 64}, None),
        ({"vision_config": CLIP, "candidate_resolutions": [[384, 384]]}, None),
        ({"img_processor": {"model_name": "x-patch14-336", "num_img_tokens": 144},
          "embd_layer": {"use_hd_transform": True}}, None),
        ({"vision_config": CLIP}, None),
    ],
)  # fmt: skip
def test_tokens_are_told_where_every_picture_becomes_as_many(config, tokens):
    assert known(config)[0].vision.tokens_per_image == tokens


@pytest.mark.parametrize(
    ("processor", "tokens"),
    [
        ({"preprocessor_config__json": {**SQUARE, "image_seq_length": 256}}, 256),
        ({"preprocessor_config__json": SQUARE, "processor_config__json": {"num_image_tokens": 576}},
         576),
        ({"processor_config__json": {"image_processor": SQUARE, "image_seq_len": 64}}, 64),
        ({"preprocessor_config__json": {"do_image_splitting": True, "image_seq_len": 64}}, None),
        ({"preprocessor_config__json": {"crop_to_patches": True, "image_seq_length": 256}}, None),
        ({"preprocessor_config__json": {"size": {"longest_edge": 1540}}}, None),
        ({"preprocessor_config__json": {"max_pixels": 99, "min_pixels": 9}}, None),
    ],
)  # fmt: skip
def test_the_processor_says_what_the_model_does_not(processor, tokens):
    found, subject = known({"vision_config": SIGLIP}, **processor)
    assert found.vision.tokens_per_image == tokens
    assert subject.problems.found == []


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (CLIP, (336, 14, 24, 1024)),
        ({"depth": 32, "embed_dim": 1280, "hidden_size": 2048, "patch_size": 14,
          "spatial_merge_size": 2}, (None, 14, 32, 1280)),
        ({"hidden_size": 2048, "spatial_patch_size": 14, "in_chans": 3}, (None, 14, None, None)),
        ({"vt_hidden_size": 1152, "vt_num_hidden_layers": 27, "patch_size": 14},
         (None, 14, 27, 1152)),
        ({"layers": 48, "width": 1664, "image_size": 448, "patch_size": 14}, (448, 14, 48, 1664)),
        ({"image_size": [560, 560], "depths": [1, 2, 3], "embed_dim": 64}, (560, None, 6, 256)),
        ({"image_size": {"height": 384, "width": 512}, "patch_size": 16}, (None, 16, None, None)),
        ({"image_size": [448, 448], "patch_size": [14, 14]}, (448, 14, None, None)),
    ],
)  # fmt: skip
def test_the_encoder_is_read_in_its_own_words(part, expected):
    found = known({"vision_config": part})[0].vision
    read = (found.image_size, found.patch_size, found.num_layers, found.hidden_size)
    assert read == expected


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"audio_config": {"num_mel_bins": 128, "encoder_layers": 32, "d_model": 1280}},
         (16000, 128, 32, 1280)),
        ({"thinker_config": {"vision_config": {"depth": 2}, "audio_config":
          {"num_mel_bins": 128, "encoder_layers": 32, "d_model": 1280}}}, (16000, 128, 32, 1280)),
        ({"audio_config": {"input_feat_size": 128, "conf_num_hidden_layers": 12,
          "hidden_size": 1536}}, (16000, 128, 12, 1536)),
        ({"audio_processor": {"config": {"input_size": 80, "num_blocks": 24,
          "attention_dim": 1024}}}, (16000, 80, 24, 1024)),
    ],
)  # fmt: skip
def test_ears_are_told_beside_eyes(config, expected):
    extractor = {"sampling_rate": 16000, "feature_size": 128}
    found = known(config, preprocessor_config__json=extractor)[0].audio
    read = (found.sample_rate, found.mel_bins, found.num_layers, found.hidden_size)
    assert read == expected


def test_a_processor_that_could_say_no_more_is_not_read():
    dynamic = {"vision_config": {"depth": 2, "patch_size": 14, "spatial_merge_size": 2}}
    for config in (dynamic, {"vision_config": CLIP, **LLAVA}):
        found, subject = known(config, preprocessor_config__json="{")
        assert found.vision.patch_size == 14
        assert subject.problems.found == []


def test_a_model_that_only_a_tag_calls_seeing_has_no_encoder():
    found, _ = known({})
    assert found.vision is None
    assert found.audio is None
    assert found.num_layers == 2
