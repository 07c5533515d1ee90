from __future__ import annotations

import pytest

from catalog.inspectors.counting import TextShape, text_shape

LLAMA = {
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "max_position_embeddings": 131072,
    "vocab_size": 128256,
}
EXPECTED = TextShape(
    layers=32, hidden=4096, heads=32, kv_heads=8, head_dim=128, intermediate=14336,
    vocabulary=128256, context=131072,
)  # fmt: skip


@pytest.mark.parametrize(
    "config",
    [
        LLAMA,
        {**LLAMA, "model_type": "new"},
        {"model_type": "llava", "text_config": LLAMA},
        {"model_type": "new", "thinker_config": {"text_config": LLAMA}, "hidden_size": 7},
        {"n_layer": 32, "n_embd": 4096, "n_head": 32, "n_head_kv": 8, "n_inner": 14336,
         "n_positions": 131072, "n_vocab": 128256},
        {"n_layers": 32, "d_model": 4096, "n_heads": 32, "attn_config": {"kv_n_heads": 8},
         "ffn_hidden_size": 14336, "max_seq_len": 131072, "padded_vocab_size": 128256},
        {"num_layers": 32, "dim": 4096, "n_heads": 32, "n_kv_heads": 8, "ffn_dim": 14336,
         "seq_length": 131072, "vocab_size": 128256},
        {**{name: LLAMA[name] for name in LLAMA if name != "max_position_embeddings"},
         "max_context_length": 131072},
    ],
)  # fmt: skip
def test_all_words_mean_the_same_shape(config):
    assert text_shape(config) == EXPECTED


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, 131072),
        ({"rope_scaling": {"type": "linear", "factor": 4.0}}, 131072),
        ({"rope_scaling": {"rope_type": "llama3", "factor": 8.0,
                           "original_max_position_embeddings": 8192}}, 131072),
        ({"max_position_embeddings": 32768,
          "rope_scaling": {"type": "yarn", "factor": 4.0,
                           "original_max_position_embeddings": 32768}}, 131072),
        ({"max_position_embeddings": 32768,
          "rope_scaling": {"type": "yarn", "factor": float("nan"),
                           "original_max_position_embeddings": 32768}}, 32768),
        ({"max_position_embeddings": True}, None),
        ({"max_position_embeddings": 8192, "model_max_length": 131072,
          "rope_theta": 8e6}, 131072),
        ({"max_position_embeddings": 8192, "model_max_length": 4096, "rope_theta": 8e6}, 8192),
        ({"max_position_embeddings": 8192, "model_max_length": 10**30, "rope_theta": 8e6}, 8192),
        ({"max_position_embeddings": 8192, "model_max_length": 131072}, 8192),
    ],
)  # fmt: skip
def test_the_context_is_stretched_only_where_the_file_leaves_it_as_it_was(change, expected):
    assert text_shape({**LLAMA, **change}).context == expected


def test_experts_and_latent_sizes_are_told():
    shape = text_shape(
        {**LLAMA, "n_routed_experts": 256, "num_experts_per_tok": 8, "n_shared_experts": 1,
         "kv_lora_rank": 512, "q_lora_rank": 1536, "qk_rope_head_dim": 64,
         "qk_nope_head_dim": 128, "v_head_dim": 128}
    )  # fmt: skip
    assert (shape.experts, shape.active_experts, shape.shared_experts) == (256, 8, 1)
    assert (shape.latent, shape.query_latent, shape.rope_head_dim) == (512, 1536, 64)
    assert (shape.plain_head_dim, shape.value_head_dim) == (128, 128)


def test_a_field_that_is_no_count_is_unknown_and_the_others_are_told():
    shape = text_shape({**LLAMA, "num_hidden_layers": "32", "vocab_size": -1})
    assert (shape.layers, shape.vocabulary, shape.hidden) == (None, None, 4096)


def test_a_part_without_a_shape_leaves_that_of_the_whole():
    whole = {"model_type": "new-detector", "d_model": 256, "encoder_layers": 6,
             "decoder_layers": 6, "decoder_attention_heads": 8,
             "text_config": {"model_type": "new-text"}}  # fmt: skip
    shape = text_shape(whole)
    assert (shape.layers, shape.hidden, shape.heads) == (6, 256, 8)


def test_of_two_sides_the_decoder_tells_the_shape():
    sides = {"encoder_layers": 2, "encoder_attention_heads": 16, "decoder_layers": 24,
             "decoder_attention_heads": 32}  # fmt: skip
    shape = text_shape({"model_type": "blenderbot", "d_model": 2560, **sides})
    assert (shape.layers, shape.heads, shape.kv_heads) == (24, 32, 32)


def test_layers_in_stages_are_summed():
    assert text_shape({"model_type": "funnel", "block_sizes": [4, 4, 2]}).layers == 10


def test_listed_layers_tell_the_heads_they_agree_on():
    block = {"attention": {"n_heads_in_group": 8}, "ffn": {"ffn_mult": 1.0}}
    config = {**LLAMA, "num_key_value_heads": None, "block_configs": [block]}
    assert text_shape(config).kv_heads == 4


def test_heads_of_keys_are_told_where_the_width_of_a_head_is_not():
    part = {"model_type": "new", "hidden_size": 2048, "num_attention_heads": 28}
    assert text_shape({**part, "num_key_value_heads": 4}).kv_heads == 4
    assert text_shape({**part, "num_key_value_heads": "4"}).kv_heads is None
    assert text_shape(part).kv_heads == 28


@pytest.mark.parametrize(
    "config",
    [
        {"model_type": "colpali", "vlm_config": {"model_type": "paligemma", "text_config": LLAMA}},
        {"model_type": "new", "encoder_config": {"num_hidden_layers": 3}, "decoder_config": LLAMA},
    ],
)
def test_a_whole_without_a_shape_is_looked_into(config):
    assert text_shape(config) == EXPECTED


def test_a_whole_with_a_shape_is_not_looked_into_for_a_decoder():
    whole = {"model_type": "new", "max_position_embeddings": 4096, "decoder_config": LLAMA}
    assert text_shape(whole).context == 4096


def test_layers_that_are_listed_by_kind_describe_a_part():
    listed = {"model_type": "nemotron_h", "layers_block_type": ["attention", "mamba"]}
    shape = text_shape({"model_type": "new", "num_layers": 7, "text_config": listed})
    assert shape.layers == 2


def test_a_detector_is_shaped_by_its_language_part_unless_that_is_of_no_known_type():
    whole = {"model_type": "grounding-dino", "d_model": 256, "decoder_layers": 6}
    words = {"model_type": "bert", "hidden_size": 768, "num_hidden_layers": 12}
    assert text_shape({**whole, "text_config": words}).layers == 12
    assert text_shape({**whole, "text_config": {"model_type": "gone"}}).layers == 6


def test_stages_are_the_layers_of_convolutions():
    assert text_shape({"model_type": "convnext", "depths": [3, 3, 9, 3]}).layers == 4
