"""Models that read documents by their words and where these stand."""

from __future__ import annotations

from typing import ClassVar

from registry.configs._encoders import EncoderConfig
from registry.configs.base import Count, Flag, Words, configs


@configs.register
class LayoutConfig(EncoderConfig):
    """The picture of a page, and how finely places on it are told apart."""

    slug: ClassVar[str] = "layout"
    title: ClassVar[str] = "Document layout model"

    image_size: Count | None = None
    patch_size: Count | None = None
    max_2d_position_embeddings: Count | None = None
    uses_images: Flag | None = None
    labels: Words = ()
