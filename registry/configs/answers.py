"""The words in which the API tells a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from registry.configs.base import ModelConfig
from registry.configs.embedding import EmbeddingConfig
from registry.configs.llm import LlmConfig

TEXT_CONFIG: Final = (
    "num_layers", "hidden_size", "intermediate_size", "context_length", "vocab_size",
    "torch_dtype", "num_attention_heads", "num_key_value_heads", "head_dim", "rope_scaling",
    "sliding_window",
)  # fmt: skip
EMBEDDING_CONFIG: Final = (
    "dimension", "pooling", "normalize", "max_seq_length", "similarity", "num_layers",
    "hidden_size", "max_position_embeddings", "vocab_size",
)  # fmt: skip


def architecture_of(model_type: str, config: ModelConfig) -> dict[str, object]:
    """Return `architecture` of a model's information; what is not known is null.

    `kv_cache_size` is that of one request over the whole context at 16 bits, in bytes.
    """
    answer: dict[str, object] = {
        "type": model_type,
        "family": config.family or None,
        "num_params": config.num_params,
        "model_weights_size": config.weights_bytes,
        "kv_cache_size": None,
        "text_config": None,
        "vision_config": None,
        "audio_config": None,
        "embedding_config": None,
        "classifier_config": None,
    }
    if isinstance(config, LlmConfig):
        answer["kv_cache_size"] = _whole_cache(config)
        answer["text_config"] = _picked(config, TEXT_CONFIG)
    elif isinstance(config, EmbeddingConfig):
        answer["embedding_config"] = _picked(config, EMBEDDING_CONFIG)
    return answer


def _whole_cache(config: LlmConfig) -> int | None:
    each, length = config.kv_cache_bytes_per_token, config.context_length
    return None if each is None or length is None else each * length


def _picked(config: ModelConfig, names: tuple[str, ...]) -> Mapping[str, object]:
    values = config.model_dump(mode="json", include=set(names))
    return {name: None if values[name] == "" else values[name] for name in names}
