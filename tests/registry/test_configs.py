from __future__ import annotations

import pytest
from pydantic import ValidationError

from core.errors import InvalidInputError
from registry.configs import config_class, configs, load_config
from registry.configs.answers import architecture_of
from registry.configs.embedding import EmbeddingConfig
from registry.configs.llm import LlmConfig
from registry.enums import ModelType

LLM = LlmConfig(
    family="llama",
    num_params=8_000_000_000,
    weights_bytes=16_000_000_000,
    num_layers=32,
    num_key_value_heads=8,
    head_dim=128,
    cache=({"layers": 32, "values_per_token": 2 * 8 * 128},),
    context_length=8192,
    quantization={"method": "awq", "bits": 4},
    rope_scaling={"factor": 8.0, "rope_type": "llama3"},
)


def test_what_is_stored_comes_back():
    for model_type, config in (("llm", LLM), ("embedding", EmbeddingConfig(pooling=("mean",)))):
        assert load_config(model_type, config.model_dump(mode="json")) == config


@pytest.mark.parametrize("model_type", ModelType.values)
def test_every_kind_has_a_class(model_type):
    assert config_class(model_type) in set(configs)
    assert load_config(model_type, {}).num_params is None


def test_a_window_that_is_full_grows_no_more():
    config = LlmConfig(
        context_length=1000,
        cache=(
            {"layers": 2, "values_per_token": 10},
            {"layers": 10, "values_per_token": 10, "window": 100},
        ),
    )
    assert config.kv_cache_bytes_per_token == 240
    assert architecture_of("llm", config)["kv_cache_size"] == 2 * (20 * 1000 + 100 * 100)


@pytest.mark.parametrize(
    "data",
    [
        {"unknown": 1},
        {"num_params": -1},
        {"num_params": "7"},
        {"num_params": True},
        {"num_params": 1 << 60},
        {"formats": "safetensors"},
        {"family": "x" * 201},
        {"quantization": {"method": "x", "bits": 0}},
        {"quantization": {"method": "x", "bits": "4"}},
        {"quantization": {"method": "x", "bits": True}},
        {"sampling": {"temperature": "0.7"}},
        {"custom_code": "yes"},
        {"is_hosted": 1},
    ],
)
def test_a_wrong_value_is_refused_by_name(data):
    with pytest.raises(InvalidInputError) as caught:
        load_config("llm", data)
    assert caught.value.details["field"].startswith(next(iter(data)))


def test_facts_do_not_change():
    with pytest.raises(ValidationError):
        LLM.num_params = 7


def test_the_answer_has_the_promised_words():
    answer = architecture_of("llm", LLM)
    assert answer["model_weights_size"] == 16_000_000_000
    assert answer["kv_cache_size"] == 131072 * 8192
    assert answer["text_config"]["num_layers"] == 32
    assert answer["text_config"]["torch_dtype"] is None
    assert answer["embedding_config"] is None
    embedding = architecture_of("embedding", EmbeddingConfig(dimension=384, pooling=("mean",)))
    assert embedding["embedding_config"]["dimension"] == 384
    assert embedding["embedding_config"]["pooling"] == ["mean"]
    assert embedding["text_config"] is None
