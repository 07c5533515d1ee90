"""Models that say how well a text answers a question."""

from __future__ import annotations

from typing import ClassVar

from registry.configs._encoders import EncoderConfig
from registry.configs.base import Count, Word, configs


@configs.register
class RerankerConfig(EncoderConfig):
    """How many scores a pair gets, and what turns them into what is compared."""

    slug: ClassVar[str] = "reranker"
    title: ClassVar[str] = "Reranker"

    num_labels: Count | None = None
    activation: Word = ""
