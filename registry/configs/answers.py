"""The words in which the API tells a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from registry.configs.audio import AudioConfig
from registry.configs.base import ModelConfig
from registry.configs.cache import cache_bytes
from registry.configs.classifier import ClassifierConfig
from registry.configs.embedding import EmbeddingConfig
from registry.configs.llm import CACHE_BYTES, LlmConfig
from registry.configs.vision_language import VisionLanguageConfig

TEXT_CONFIG: Final = (
    "num_layers", "hidden_size", "intermediate_size", "context_length", "vocab_size",
    "torch_dtype", "num_attention_heads", "num_key_value_heads", "head_dim", "rope_scaling",
    "sliding_window",
)  # fmt: skip
EMBEDDING_CONFIG: Final = (
    "dimension", "pooling", "normalize", "max_seq_length", "similarity", "num_layers",
    "hidden_size", "max_position_embeddings", "vocab_size",
)  # fmt: skip


AUDIO_CONFIG: Final = (
    "task", "sample_rate", "channels", "mel_bins", "codec", "streaming", "window_seconds",
)  # fmt: skip
CLASSIFIER_CONFIG: Final = ("labels", "num_labels", "problem_type", "reads", "max_seq_length")


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
    if isinstance(config, VisionLanguageConfig):
        answer["vision_config"] = config.vision and config.vision.model_dump(mode="json")
        answer["audio_config"] = config.audio and config.audio.model_dump(mode="json")
    for kind, (name, fields) in _OWN.items():
        if isinstance(config, kind):
            answer[name] = _picked(config, fields)
    return answer


_OWN: Final[dict[type[ModelConfig], tuple[str, tuple[str, ...]]]] = {
    AudioConfig: ("audio_config", AUDIO_CONFIG),
    EmbeddingConfig: ("embedding_config", EMBEDDING_CONFIG),
    ClassifierConfig: ("classifier_config", CLASSIFIER_CONFIG),
}


def _whole_cache(config: LlmConfig) -> int | None:
    """Windows that are full by then grow no more."""
    if config.cache is None or config.context_length is None:
        return None
    length = config.context_length
    return round(cache_bytes(config.cache, tokens=length, batch=1, bytes_per_value=CACHE_BYTES))


def _picked(config: ModelConfig, names: tuple[str, ...]) -> Mapping[str, object]:
    values = config.model_dump(mode="json", include=set(names))
    return {name: None if values[name] == "" else values[name] for name in names}
