"""What a model works on while it answers: the activations of one layer, by the kind of model."""

from __future__ import annotations

from dataclasses import dataclass

from registry.configs._encoders import EncoderConfig
from registry.configs.audio import AudioConfig
from registry.configs.base import ModelConfig
from registry.configs.image import ImageConfig
from registry.configs.llm import LlmConfig
from registry.configs.ocr import OcrConfig
from registry.fit.assumptions import (
    INNER_WIDTHS,
    LOGIT_BYTES,
    OTHER_LEAST,
    OTHER_SHARE,
    PIXEL_BYTES,
    PREFILL_TOKENS,
    WIDTHS,
    WORKING_BYTES,
    Assumption,
)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the memory in bytes and what it rests on; without a size it names what lacks."""

    size: int | None = None
    assumptions: tuple[Assumption, ...] = ()
    missing: str = ""


def working_of(config: ModelConfig, *, batch: int, tokens: int | None, weights: int | None) -> Part:
    """Return what is worked on for `batch` requests of so many tokens."""
    if isinstance(config, LlmConfig):
        return _decoder(config, batch, tokens or 1)
    if isinstance(config, EncoderConfig) and (width := _encoder_width(config)) and tokens:
        return Part(batch * tokens * width, (WIDTHS,))
    if isinstance(config, ImageConfig):
        return _picture(config, batch)
    if isinstance(config, EncoderConfig | AudioConfig | OcrConfig):
        return _share(weights)
    return Part(missing="what it works on while it answers")


def _width(hidden: int, inner: int) -> int:
    """Bytes for each token while one layer is at work."""
    return WORKING_BYTES * (int(WIDTHS.value) * hidden + INNER_WIDTHS * inner)


def _encoder_width(config: EncoderConfig) -> int | None:
    hidden, inner = config.hidden_size, config.intermediate_size
    return _width(hidden, inner) if hidden is not None and inner is not None else None


def _decoder(config: LlmConfig, batch: int, tokens: int) -> Part:
    hidden, inner, vocabulary = config.hidden_size, config.intermediate_size, config.vocab_size
    if hidden is None or inner is None or vocabulary is None:
        return Part(missing="the widths of its layers and its vocabulary")
    experts = (config.num_experts_per_token or 1) + (config.num_shared_experts or 0)
    at_once = min(batch * tokens, int(PREFILL_TOKENS.value))
    layer = at_once * _width(hidden, inner * experts)
    return Part(layer + batch * vocabulary * LOGIT_BYTES, (PREFILL_TOKENS, WIDTHS))


def _picture(config: ImageConfig, batch: int) -> Part:
    if config.width is None or config.height is None:
        return Part(missing="the resolution of its pictures")
    return Part(batch * config.width * config.height * int(PIXEL_BYTES.value), (PIXEL_BYTES,))


def _share(weights: int | None) -> Part:
    if weights is None:
        return Part(missing="what it works on while it answers")
    return Part(max(round(weights * OTHER_SHARE.value), OTHER_LEAST), (OTHER_SHARE,))
