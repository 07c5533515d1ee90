from __future__ import annotations

import pytest

from catalog.inspectors.base import Problems, parse_json, read_object
from catalog.inspectors.files import Files
from catalog.inspectors.sentence_transformers import pipeline_facts
from catalog.inspectors.transformers_config import language_part, llm_facts
from core.errors import InvalidInputError
from registry.configs.llm import LlmConfig
from tests.catalog.inspectors.memory import MemoryReader

LLAMA = {
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "max_position_embeddings": 131072,
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
    "torch_dtype": "bfloat16",
    "rope_scaling": {"factor": 8.0, "rope_type": "llama3", "long_factor": [1.0, 2.0]},
}


def shape(**config):
    return LlmConfig(**llm_facts(config))


def test_a_language_model_is_read():
    config = shape(**LLAMA)
    assert config.num_layers == 32
    assert config.context_length == 131072
    assert config.head_dim == 128
    assert config.torch_dtype == "bfloat16"
    assert config.rope_scaling == {"factor": 8.0, "rope_type": "llama3"}
    assert config.kv_cache_bytes_per_token == 131072


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (
            {"n_layer": 12, "n_embd": 768, "n_head": 12, "n_positions": 1024, "vocab_size": 9},
            (12, 768, 12, 12, 64, 1024),
        ),
        (
            {"n_layers": 40, "d_model": 6144, "n_heads": 48, "max_seq_len": 32768,
             "attn_config": {"kv_n_heads": 8}},
            (40, 6144, 48, 8, 128, 32768),
        ),
        (
            {"num_layers": 28, "hidden_size": 4096, "num_attention_heads": 32, "kv_channels": 128,
             "multi_query_attention": True, "multi_query_group_num": 2, "seq_length": 8192},
            (28, 4096, 32, 2, 128, 8192),
        ),
        (
            {"num_hidden_layers": 32, "hidden_size": 4544, "num_attention_heads": 71,
             "multi_query": True, "max_position_embeddings": 2048},
            (32, 4544, 71, 1, 64, 2048),
        ),
    ],
)  # fmt: skip
def test_other_words_mean_the_same(config, expected):
    found = shape(**config)
    assert (
        found.num_layers,
        found.hidden_size,
        found.num_attention_heads,
        found.num_key_value_heads,
        found.head_dim,
        found.context_length,
    ) == expected


@pytest.mark.parametrize("name", ["text_config", "llm_config", "language_config"])
def test_the_language_part_is_found_inside(name):
    config = {name: LLAMA, "vision_config": {"hidden_size": 1}, "hidden_size": 7}
    assert language_part(config) is LLAMA
    assert shape(**config).hidden_size == 4096
    thinker = {"thinker_config": {"text_config": LLAMA, "vision_config": {"depth": 2}}}
    assert language_part(thinker) is LLAMA


def test_what_is_no_number_of_a_rope_is_left_out():
    given = {"factor": float("inf"), "low\x00": 1, "type": "a\x00b", "on": True}
    assert shape(**LLAMA | {"rope_scaling": given}).rope_scaling == {
        "low": 1,
        "type": "a b",
        "on": True,
    }


def test_the_cache_of_special_attention_is_told_or_unknown():
    latent = {**LLAMA, "kv_lora_rank": 512, "qk_rope_head_dim": 64}
    assert shape(**latent).kv_cache_bytes_per_token == 32 * 576 * 2
    linear = {**LLAMA, "layer_types": ["linear_attention"] * 24 + ["full_attention"] * 8}
    assert shape(**linear).kv_cache_bytes_per_token == 131072 // 4
    uneven = {**LLAMA, "block_configs": [{"a": 1}]}
    assert shape(**uneven).kv_cache_bytes_per_token is None
    assert shape().kv_cache_bytes_per_token is None


@pytest.mark.parametrize(
    "value", [None, "32", True, -1, 0, 1.5, [], {}, 10**30, float("inf"), float("nan")]
)
def test_a_number_that_is_none_is_unknown(value):
    config = shape(**{**LLAMA, "num_hidden_layers": value, "hidden_size": value})
    assert config.num_layers is None
    assert config.hidden_size is None


def test_a_sliding_window_counts_only_when_used():
    assert shape(**LLAMA, sliding_window=4096).sliding_window == 4096
    unused = shape(**LLAMA, sliding_window=4096, use_sliding_window=False)
    assert unused.sliding_window is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "line 1"),
        (b"", "line 1"),
        (b'{"a": "\xff"}', "UTF-8"),
        (b"[" * 100_000, "too deeply"),
        (b"1" * 5000, "too long"),
    ],
)
def test_malformed_json_is_one_kind_of_error(content, words):
    with pytest.raises(InvalidInputError, match=words):
        parse_json(content)


def test_json_with_a_byte_order_mark_or_nan_is_read():
    assert parse_json(b'\xef\xbb\xbf{"a": NaN, "b": Infinity}') == {"a": None, "b": None}


MODULES = [
    {"type": "sentence_transformers.models.Transformer", "path": ""},
    {"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"},
]
POOLING = {"word_embedding_dimension": 384, "pooling_mode_mean_tokens": True}


def facts_of(files):
    problems = Problems()
    return pipeline_facts(Files(MemoryReader(files), problems), problems), problems.found


def test_a_pipeline_is_read():
    facts, problems = facts_of(
        {
            "modules.json": [*MODULES, {"type": "x.Normalize", "path": "2_Normalize"}],
            "1_Pooling/config.json": POOLING,
            "sentence_bert_config.json": {"max_seq_length": 256},
            "config_sentence_transformers.json": {
                "similarity_fn_name": "cosine",
                "prompts": {"query": "query: ", "document": ""},
            },
        }
    )
    assert facts == {
        "max_seq_length": 256,
        "similarity": "cosine",
        "prompts": {"query": "query: ", "document": ""},
        "normalize": True,
        "pooling": ("mean",),
        "dimension": 384,
    }
    assert problems == []


def test_two_poolings_make_a_longer_vector_and_a_dense_layer_another():
    both = {**POOLING, "pooling_mode_cls_token": True}
    facts, _ = facts_of({"modules.json": MODULES, "1_Pooling/config.json": both})
    assert facts["dimension"] == 768
    assert facts["pooling"] == ("cls", "mean")
    assert facts["normalize"] is False
    dense = [*MODULES, {"type": "sentence_transformers.models.Dense", "path": "2_Dense"}]
    facts, _ = facts_of(
        {
            "modules.json": dense,
            "1_Pooling/config.json": POOLING,
            "2_Dense/config.json": {"in_features": 384, "out_features": 128},
        }
    )
    assert facts["dimension"] == 128


@pytest.mark.parametrize(
    ("modules", "words"),
    [
        ("{", "not valid JSON"),
        ({}, "no list"),
        ([7], "without a type"),
        ([{"type": 7}], "without a type"),
        ([{"type": "x.Pooling", "path": "../../etc"}], "not there"),
        ([{"type": "x.Pooling", "path": "gone"}], "not there"),
        ([{"type": "x"}] * 31, "no list"),
    ],
)
def test_a_broken_pipeline_is_a_problem(modules, words):
    facts, problems = facts_of({"modules.json": modules})
    assert facts.get("dimension") is None
    assert words in problems[0]


def test_a_field_that_is_given_twice_is_refused_by_name():
    """Readers differ in which of both they take: what is shown must be what is loaded."""
    with pytest.raises(InvalidInputError, match="'hidden_size' twice"):
        parse_json(b'{"a": {"hidden_size": 64, "hidden_size": 65}}', unique=True)


def test_the_record_names_a_field_that_is_given_twice():
    problems = Problems()
    reader = MemoryReader({"config.json": b'{"model_type": "llama", "model_type": "bert"}'})
    assert read_object(reader, "config.json", problems) is None
    assert problems.found == ["config.json is not valid JSON: it gives 'model_type' twice"]
