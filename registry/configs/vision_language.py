"""Language models that also see, and some of them hear."""

from __future__ import annotations

from typing import ClassVar

from registry.configs.base import Category, Count, Part, configs
from registry.configs.llm import LlmConfig


class VisionEncoder(Part):
    """The part that turns a picture into tokens; sizes in pixels of one side."""

    image_size: Count | None = None
    patch_size: Count | None = None
    num_layers: Count | None = None
    hidden_size: Count | None = None
    # Of a picture of `image_size`; None where their number follows the picture.
    tokens_per_image: Count | None = None


class AudioEncoder(Part):
    """The part that turns sound into tokens."""

    sample_rate: Count | None = None
    mel_bins: Count | None = None
    num_layers: Count | None = None
    hidden_size: Count | None = None


@configs.register
class VisionLanguageConfig(LlmConfig):
    """A language model with eyes, and with ears where there is an audio encoder."""

    slug: ClassVar[str] = "vision_language"
    title: ClassVar[str] = "Vision-language model"

    vision: VisionEncoder | None = None
    audio: AudioEncoder | None = None

    def categories(self) -> tuple[Category, ...]:
        """Return what a language model is, and vision unless all it has are ears."""
        only_hears = self.audio is not None and self.vision is None
        return super().categories() if only_hears else ("vision", *super().categories())
