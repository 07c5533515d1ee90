"""Kinds of models that have no typed configuration of their own yet."""

from __future__ import annotations

from typing import ClassVar

from registry.configs.base import ModelConfig, configs


@configs.register
class OtherConfig(ModelConfig):
    """The common facts alone."""

    slug: ClassVar[str] = "other"
    title: ClassVar[str] = "Other model"
