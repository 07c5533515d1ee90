"""Models that read what is written on a picture."""

from __future__ import annotations

from typing import ClassVar

from registry.configs.base import Count, InferenceParams, ModelConfig, Word, configs


@configs.register
class OcrConfig(ModelConfig):
    """An encoder that sees and a decoder that writes."""

    slug: ClassVar[str] = "ocr"
    title: ClassVar[str] = "OCR model"

    # Pixels of the picture that is read, after scaling.
    width: Count | None = None
    height: Count | None = None
    encoder: Word = ""
    encoder_layers: Count | None = None
    encoder_hidden_size: Count | None = None
    decoder: Word = ""
    num_layers: Count | None = None
    hidden_size: Count | None = None
    context_length: Count | None = None
    vocab_size: Count | None = None

    def inference_params(self) -> InferenceParams:
        """Return how many tokens one picture may become."""
        return InferenceParams(context_length=self.context_length)
