"""sentence-transformers: vectors of texts, and scores of pairs, in Python."""

from __future__ import annotations

from typing import ClassVar, Final

from registry.configs.base import ModelConfig
from registry.configs.embedding import EmbeddingConfig
from registry.runtimes._rules import (
    TENSORS,
    foreign_layout,
    is_adapter,
    named,
    unknown_class,
    wrong_format,
    wrong_kind,
    wrong_packing,
)
from registry.runtimes._transformers import own_code
from registry.runtimes.base import Runtime, RuntimeFacts, runtimes
from registry.runtimes.transformers import METHODS

_FORMATS: Final = (*TENSORS, "onnx")
_SCORERS: Final = "ForSequenceClassification"


@runtimes.register
class SentenceTransformers(Runtime):
    """Loads its own pipelines, any encoder with a pooling added, and cross-encoders."""

    slug: ClassVar[str] = "sentence_transformers"
    title: ClassVar[str] = "sentence-transformers"

    def refusal(self, config: ModelConfig, facts: RuntimeFacts) -> str:
        runs = "sentence-transformers runs embedding models and rerankers"
        return (
            wrong_kind(config, ("embedding", "reranker"), runs)
            or wrong_format(config, _FORMATS, self.title, "take a build with safetensors")
            or foreign_layout(config, self.title)
            or wrong_packing(config, METHODS, self.title)
            or own_code(config, self.title)
            or ("" if is_pipeline(config) or is_adapter(config) else _plain(config))
        )

    def grounds(self, config: ModelConfig, facts: RuntimeFacts) -> str:
        taken = named([name for name in _FORMATS if name in config.formats][:1])
        if config.slug == "reranker":
            return f"CrossEncoder scores pairs with it, from {taken}."
        if is_pipeline(config):
            return f"It is a pipeline of sentence-transformers, in {taken}."
        return f"It loads {config.architecture} and adds a mean pooling, since none is told."


def is_pipeline(config: ModelConfig) -> bool:
    """Tell a model that says itself how its tokens become one vector."""
    told = isinstance(config, EmbeddingConfig) and bool(config.pooling)
    return told or config.library == "sentence-transformers"


def _plain(config: ModelConfig) -> str:
    unknown = unknown_class(config, "sentence-transformers")
    if unknown or config.slug == "embedding" or config.architecture.endswith(_SCORERS):
        return unknown
    return f"{config.architecture} gives no score of a pair in the way that CrossEncoder wants."
