"""Models that turn text into one vector."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from registry.configs.base import Count, ModelConfig, Word, configs

Pooling = Literal["cls", "mean", "max", "mean_sqrt_len", "weighted_mean", "last_token"]


@configs.register
class EmbeddingConfig(ModelConfig):
    """What one must know to use the vectors: their length, how they are made and compared."""

    slug: ClassVar[str] = "embedding"
    title: ClassVar[str] = "Embedding model"

    dimension: Count | None = None
    # Several are concatenated, in this order.
    pooling: Annotated[tuple[Pooling, ...], Field(max_length=6)] = ()
    normalize: bool | None = None
    max_seq_length: Count | None = None
    similarity: Word = ""
    num_layers: Count | None = None
    hidden_size: Count | None = None
    intermediate_size: Count | None = None
    num_attention_heads: Count | None = None
    max_position_embeddings: Count | None = None
    vocab_size: Count | None = None
