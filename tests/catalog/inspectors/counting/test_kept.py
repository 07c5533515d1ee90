from __future__ import annotations

import pytest

from catalog.inspectors.counting import cache

BASE = {
    "hidden_size": 1024,
    "num_attention_heads": 16,
    "num_key_value_heads": 4,
    "num_hidden_layers": 12,
    "vocab_size": 1000,
}
LATENT = {"kv_lora_rank": 512, "qk_rope_head_dim": 64}
MLLAMA = {"model_type": "mllama_text_model", "cross_attention_layers": [3, 8]}
EYE = {"max_num_tiles": 4, "image_size": 560, "patch_size": 14}


def kept(config):
    groups = cache(config)
    if groups is None:
        return None
    return sorted((g.layers, g.values_per_token, g.window or 0) for g in groups)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, [(12, 512, 0)]),
        ({"num_key_value_heads": None}, [(12, 2048, 0)]),
        ({"head_dim": 128}, [(12, 1024, 0)]),
        ({"head_dim": 192, "v_head_dim": 128}, [(12, 1280, 0)]),
        ({"multi_query": True}, [(12, 128, 0)]),
        ({"multi_query_attention": True, "num_key_value_heads": None, "multi_query_group_num": 2},
         [(12, 256, 0)]),
        ({"attn_config": {"kv_n_heads": 8}, "num_key_value_heads": None}, [(12, 1024, 0)]),
        (LATENT, [(12, 576, 0)]),
        ({"sliding_window": 256}, [(12, 512, 256)]),
        ({"sliding_window": 256, "use_sliding_window": False}, [(12, 512, 0)]),
        ({"sliding_window": 256, "max_window_layers": 8}, [(4, 512, 256), (8, 512, 0)]),
        ({"sliding_window": 256, "sliding_window_pattern": 6}, [(2, 512, 0), (10, 512, 256)]),
        ({"sliding_window": 256, "sliding_window_pattern": "LLLG"}, [(3, 512, 0), (9, 512, 256)]),
        ({"layer_types": ["linear_attention", "full_attention"] * 6}, [(6, 512, 0)]),
        ({"attn_layer_period": 4, "attn_layer_offset": 2}, [(3, 512, 0)]),
        ({"attn_layer_indices": [1, 7]}, [(2, 512, 0)]),
        ({"full_attn_idxs": [0, 5, 9]}, [(3, 512, 0)]),
        ({"attn_type_list": [0] * 10 + [1] * 2}, [(2, 512, 0)]),
        ({"linear_attn_config": {"full_attn_layers": [4, 12]}}, [(2, 512, 0)]),
    ],
)  # fmt: skip
def test_what_layers_keep_follows_from_the_fields(change, expected):
    assert kept({**BASE, "model_type": "new", **change}) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"model_type": "gemma2", "sliding_window": 64, "head_dim": 64},
         [(6, 512, 0), (6, 512, 64)]),
        ({"model_type": "gpt_oss", "head_dim": 64, "sliding_window": 128},
         [(6, 512, 0), (6, 512, 128)]),
        ({"model_type": "qwen3_next", "head_dim": 64}, [(3, 512, 0)]),
        ({"model_type": "nemotron_h", "hybrid_override_pattern": "M-M*ME", "head_dim": 64},
         [(1, 512, 0)]),
        ({"model_type": "gemma3n_text", "num_kv_shared_layers": 6, "head_dim": 64},
         [(1, 512, 0), (5, 512, 512)]),
        ({"model_type": "llama4_text", "attention_chunk_size": 8192, "head_dim": 64},
         [(3, 512, 0), (9, 512, 8192)]),
        ({"model_type": "mimo_v2_flash", "layer_types": ["full_attention"] * 4
          + ["sliding_attention"] * 8, "head_dim": 64, "v_head_dim": 32, "sliding_window": 128,
          "swa_num_key_value_heads": 8}, [(4, 384, 0), (8, 768, 128)]),
        ({"model_type": "mimo_v2_flash", "layer_types": ["full_attention"] * 4
          + ["sliding_attention"] * 8, "head_dim": 64, "v_head_dim": 32, "sliding_window": 128},
         [(4, 384, 0), (8, 768, 128)]),
        ({"model_type": "mamba", "state_size": 16}, []),
        ({"model_type": "bert", "is_decoder": True, "num_key_value_heads": None}, [(12, 2048, 0)]),
        ({"model_type": "bert"}, []),
        ({"model_type": "vit"}, []),
        ({"model_type": "whisper", "hidden_size": None, "d_model": 512, "decoder_layers": 6},
         [(6, 1024, 0)]),
        ({"model_type": "t5", "d_kv": 64, "num_heads": 12, "num_decoder_layers": 12},
         [(12, 1536, 0)]),
    ],
)  # fmt: skip
def test_what_layers_keep_follows_from_the_type(change, expected):
    assert kept({**BASE, **change}) == expected


def test_attention_to_a_picture_keeps_the_picture():
    config = {"model_type": "mllama", "text_config": {**BASE, **MLLAMA}, "vision_config": EYE}
    assert kept(config) == [(2, 512, 4 * 1601), (10, 512, 0)]


def test_layers_listed_one_by_one_keep_what_each_says():
    blocks = [{"attention": {"n_heads_in_group": group}, "ffn": {}} for group in (4, 4, 16)]
    bare = {"attention": {"no_op": True}, "ffn": {}}
    config = {**BASE, "model_type": "nemotron-nas", "block_configs": [*blocks, bare]}
    assert kept(config) == [(1, 128, 0), (2, 512, 0)]


def test_layers_with_fields_of_their_own_keep_what_each_says():
    config = {**BASE, "model_type": "new", "per_layer_config": {"02": {"num_key_value_heads": 8}}}
    assert kept(config) == [(1, 1024, 0), (11, 512, 0)]


@pytest.mark.parametrize(
    "change",
    [
        {"num_key_value_heads": 5},
        {"num_hidden_layers": None},
        {"hidden_size": 1000},
        {"layer_types": ["something"] * 12},
        {"layer_types": ["heavily_compressed_attention"] * 12},
        {"head_dim": 1 << 52},
        {"block_configs": [{}]},
    ],
)
def test_what_does_not_fit_is_unknown(change):
    assert kept({**BASE, "model_type": "new", **change}) is None
