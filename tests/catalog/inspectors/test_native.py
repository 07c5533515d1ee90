from __future__ import annotations

import pytest

from catalog.inspectors.inspect import inspect_version
from catalog.inspectors.native import as_config
from catalog.inspectors.transformers_config import llm_facts
from tests.catalog.inspectors.memory import MemoryReader, listing_of, subject_of

NEMO = {
    "dim": 5120, "n_layers": 40, "head_dim": 128, "hidden_dim": 14336, "n_heads": 32,
    "n_kv_heads": 8, "norm_eps": 1e-5, "vocab_size": 131072, "rope_theta": 1e6,
    "max_seq_len": 131072,
}  # fmt: skip
META = {
    "dim": 4096, "ffn_dim_multiplier": 1.3, "multiple_of": 1024, "n_heads": 32, "n_kv_heads": 8,
    "n_layers": 32, "norm_eps": 1e-5, "vocab_size": 128256, "rope_theta": 500000.0,
}  # fmt: skip


def test_mistral_says_the_same_in_other_words():
    facts = llm_facts(as_config(NEMO))
    told = ("num_layers", "hidden_size", "intermediate_size", "num_attention_heads", "head_dim")
    assert [facts[name] for name in told] == [40, 5120, 14336, 32, 128]
    assert facts["num_key_value_heads"] == 8
    assert facts["context_length"] == 131072


@pytest.mark.parametrize(
    ("more", "inner"),
    [({}, 14336), ({"dim": 4096, "ffn_dim_multiplier": None, "multiple_of": 256}, 11008)],
)
def test_meta_leaves_the_inner_width_to_a_rule(more, inner):
    config = as_config({**META, **more})
    assert config["intermediate_size"] == inner
    assert config["model_type"] == "llama"


def test_heads_that_nobody_counts_are_all_of_them():
    params = {name: value for name, value in META.items() if name != "n_kv_heads"}
    assert as_config(params)["num_key_value_heads"] == 32


def test_experts_pictures_and_sound_are_told():
    more = {
        "moe": {"num_experts": 8, "num_experts_per_tok": 2},
        "vision_encoder": {"patch_size": 16},
    }
    config = as_config({**NEMO, **more})
    assert (config["num_local_experts"], config["num_experts_per_tok"]) == (8, 2)
    assert config["vision_config"] == {"model_type": "pixtral", "patch_size": 16}
    sound = {"multimodal": {"whisper_model_args": {"encoder_args": {"dim": 1280, "n_layers": 32}}}}
    assert as_config({**NEMO, **sound})["audio_config"] == {"d_model": 1280, "encoder_layers": 32}


@pytest.mark.parametrize("params", [{}, {"dim": 8}, {"n_layers": 2}, {"dim": "8", "n_layers": 2}])
def test_parameters_of_something_else_describe_no_model(params):
    assert as_config(params) == {}


def test_it_is_read_only_where_config_json_is_missing():
    assert subject_of({"params.json": NEMO}).config["hidden_size"] == 5120
    both = subject_of({"params.json": NEMO, "config.json": {"hidden_size": 7}})
    assert both.config == {"hidden_size": 7}


def test_a_version_in_this_form_is_a_language_model():
    files = {"README.md": "", "params.json": NEMO, "consolidated.safetensors": b""}
    found = inspect_version(MemoryReader(files), listing_of(files))
    assert found.model_type == "llm"
    assert found.config.family == "mistral"
    seen = {**files, "params.json": {**NEMO, "vision_encoder": {"patch_size": 16}}}
    assert inspect_version(MemoryReader(seen), listing_of(seen)).model_type == "vision-language"
