"""Models that turn text into one vector."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from registry.configs._encoders import EncoderConfig
from registry.configs.base import Category, Count, Flag, Word, configs

Pooling = Literal["cls", "mean", "max", "mean_sqrt_len", "weighted_mean", "last_token"]
Prompt = Annotated[str, Field(max_length=2000)]


@configs.register
class EmbeddingConfig(EncoderConfig):
    """What one must know to use the vectors: their length, how they are made and compared."""

    slug: ClassVar[str] = "embedding"
    title: ClassVar[str] = "Embedding model"

    dimension: Count | None = None
    # Several are concatenated, in this order.
    pooling: Annotated[tuple[Pooling, ...], Field(max_length=6)] = ()
    normalize: Flag | None = None
    similarity: Word = ""
    # What is put before a text, by the name of its use.
    prompts: Annotated[dict[Word, Prompt], Field(max_length=50)] = Field(default_factory=dict)

    def categories(self) -> tuple[Category, ...]:
        return ("embedding", *super().categories())
