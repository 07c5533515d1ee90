"""Facts that every model has which reads a text as a whole."""

from __future__ import annotations

from registry.configs.base import Count, InferenceParams, ModelConfig


class EncoderConfig(ModelConfig):
    """Shape of an encoder; `max_seq_length` is what it is used with, in tokens."""

    max_seq_length: Count | None = None
    num_layers: Count | None = None
    hidden_size: Count | None = None
    intermediate_size: Count | None = None
    num_attention_heads: Count | None = None
    max_position_embeddings: Count | None = None
    vocab_size: Count | None = None

    def inference_params(self) -> InferenceParams:
        """Return the longest text that is read whole."""
        return InferenceParams(context_length=self.max_seq_length or self.max_position_embeddings)
