"""Kinds of models that have no typed configuration of their own yet."""

from __future__ import annotations

from typing import ClassVar

from registry.configs.base import Count, ModelConfig, configs


@configs.register
class OtherConfig(ModelConfig):
    """The common facts, and how many layers a file lists."""

    slug: ClassVar[str] = "other"
    title: ClassVar[str] = "Other model"

    num_layers: Count | None = None
