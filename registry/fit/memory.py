"""The memory that a model needs to answer: weights, cache, what is worked on, and the runtime."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from core.wording import grouped
from registry.configs._encoders import EncoderConfig
from registry.configs.base import ModelConfig
from registry.configs.cache import cache_bytes
from registry.configs.classifier import ClassifierConfig
from registry.configs.image import ImageConfig
from registry.configs.llm import LlmConfig
from registry.fit.assumptions import (
    COMPUTED_WEIGHTS,
    EVEN_SPLIT,
    OVERHEAD,
    STORED_WEIGHTS,
    Assumption,
)
from registry.fit.working import Part, working_of

_ADDED: Final = frozenset({"lora", "embedding", "hypernetwork", "vae", "controlnet"})
_BYTES: Final = {"float32": 4, "float16": 2, "bfloat16": 2, "float8_e4m3fn": 1, "int8": 1}


@dataclass(frozen=True, slots=True)
class CacheType:
    """A number format of cached keys and values."""

    title: str
    bytes_per_value: float


# Blocks of ggml hold 32 values and one scale of 16 bits (ggml-common.h: block_q8_0, block_q4_0).
CACHE_TYPES: Final = {
    "f16": CacheType("16 bits (fp16, bf16)", 2),
    "fp8": CacheType("8 bits (fp8)", 1),
    "q8_0": CacheType("8 bits (q8_0)", 34 / 32),
    "q4_0": CacheType("4 bits (q4_0)", 18 / 32),
}


@dataclass(frozen=True, slots=True)
class Workload:
    """What is asked of the model: tokens of one request, requests at once, format of the cache."""

    context: int = 8192
    batch: int = 1
    cache_type: str = "f16"


@dataclass(frozen=True, slots=True)
class Need:
    """The parts in bytes; None where the configuration does not tell, which `missing` names.

    `tokens` are those counted of a request, None where the model reads no text. `heads`, `kv_heads`
    and `is_latent` decide how several devices share it.
    """

    weights: int | None
    cache: int | None
    working: int | None
    overhead: int
    tokens: int | None
    missing: tuple[str, ...]
    notes: tuple[str, ...]
    assumptions: tuple[Assumption, ...]
    can_split: bool = False
    heads: int | None = None
    kv_heads: int | None = None
    is_latent: bool = False

    @property
    def known(self) -> int:
        """Bytes on one device, as far as they are known: it takes no less."""
        return sum(part or 0 for part in (self.weights, self.cache, self.working)) + self.overhead

    @property
    def total(self) -> int | None:
        """Bytes on one device; None while a part is missing."""
        return None if self.missing else self.known

    def on_each(self, count: int) -> int:
        """Return the bytes on each of several devices, as far as they are known."""
        shared = -(-(self.weights or 0) // count) + self._cache_share(count)
        return shared + (self.working or 0) + self.overhead

    def _cache_share(self, count: int) -> int:
        """More devices than heads of keys and values keep copies; latent vectors have no heads."""
        heads = 1 if self.is_latent else self.kv_heads or 1
        return (self.cache or 0) * -(-heads // count) // heads


def need_of(config: ModelConfig, workload: Workload) -> Need:
    """Add up what a model needs for a workload.

    Weights as stored; the cache is layers x values for each token x tokens x requests x bytes of a
    value, where full windows grow no more (`registry.configs.cache`). What is worked on follows
    the rules of `registry.fit.working`.
    """
    tokens = tokens_of(config, workload)
    weights = _weights(config)
    cache = _cache(config, workload, tokens)
    working = working_of(config, batch=workload.batch, tokens=tokens, weights=weights.size)
    parts = (weights, cache, working)
    split = isinstance(config, LlmConfig)
    used = (*(one for part in parts for one in part.assumptions), OVERHEAD)
    return Need(
        weights=weights.size,
        cache=cache.size,
        working=working.size,
        overhead=int(OVERHEAD.value),
        tokens=tokens,
        missing=tuple(part.missing for part in parts if part.missing),
        notes=tuple(_notes(config, workload, tokens)),
        assumptions=(*used, EVEN_SPLIT) if split else used,
        can_split=split,
        heads=config.num_attention_heads if isinstance(config, LlmConfig) else None,
        kv_heads=config.num_key_value_heads if isinstance(config, LlmConfig) else None,
        is_latent=isinstance(config, LlmConfig) and config.latent is not None,
    )


def longest_of(config: ModelConfig) -> int | None:
    """Return the longest text that the model reads, in tokens; None where it is not known."""
    return config.inference_params().context_length


def reads_text(config: ModelConfig) -> bool:
    """Tell whether what is worked on grows with the length of a text."""
    if isinstance(config, ClassifierConfig):
        return config.reads in ("", "text")
    return isinstance(config, LlmConfig | EncoderConfig)


def tokens_of(config: ModelConfig, workload: Workload) -> int | None:
    """Return the tokens to count of one request: no more than the model reads."""
    if not reads_text(config):
        return None
    return min(workload.context, longest_of(config) or workload.context)


def _weights(config: ModelConfig) -> Part:
    if _is_added(config):
        return Part(missing="the size of the base model that it is added to")
    if config.weights_bytes is not None:
        return Part(config.weights_bytes, (STORED_WEIGHTS,))
    width = _BYTES.get(config.dtype)
    if config.num_params is not None and width and config.quantization is None:
        return Part(config.num_params * width, (COMPUTED_WEIGHTS,))
    return Part(missing="the size of one set of weights")


def _is_added(config: ModelConfig) -> bool:
    kind = config.checkpoint_type if isinstance(config, ImageConfig) else ""
    return config.adapter is not None or kind in _ADDED


def _cache(config: ModelConfig, workload: Workload, tokens: int | None) -> Part:
    if not isinstance(config, LlmConfig) or tokens is None:
        return Part(0)
    if config.cache is None:
        return Part(missing="what its layers keep of each token")
    width = CACHE_TYPES[workload.cache_type].bytes_per_value
    size = cache_bytes(config.cache, tokens=tokens, batch=workload.batch, bytes_per_value=width)
    return Part(round(size))


def _notes(config: ModelConfig, workload: Workload, tokens: int | None) -> Iterator[str]:
    if tokens is not None and tokens < workload.context:
        yield f"It reads at most {grouped(tokens)} tokens, so no more are counted."
    if tokens is not None and longest_of(config) is None:
        yield "How long a text it reads is not known."
    if isinstance(config, LlmConfig) and config.cache == ():
        yield "Its layers keep a state of fixed size, which is small and not counted."
    if isinstance(config, LlmConfig) and any(group.window for group in config.cache or ()):
        yield "Some of its layers keep a window of tokens alone; full ones grow no more."
