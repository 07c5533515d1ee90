"""The shape of a model as the keys of a GGUF file give it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from catalog.inspectors.base import as_count, as_text
from catalog.inspectors.headers.gguf_keys import TOKENS, LongArray

Keys = Mapping[str, object]
# One number each, below `{architecture}.`
_COUNTS: Final = {
    "num_layers": "block_count",
    "hidden_size": "embedding_length",
    "output_size": "embedding_length_out",
    "context_length": "context_length",
    "head_dim": "attention.key_length",
    "value_head_dim": "attention.value_length",
    "sliding_window": "attention.sliding_window",
    "shared_kv_layers": "attention.shared_kv_layers",
    "num_experts": "expert_count",
    "num_experts_per_token": "expert_used_count",
    "num_shared_experts": "expert_shared_count",
    "expert_intermediate_size": "expert_feed_forward_length",
    "dense_layers": "leading_dense_block_count",
    "next_token_layers": "nextn_predict_layers",
    "q_lora_rank": "attention.q_lora_rank",
    "kv_lora_rank": "attention.kv_lora_rank",
    "mla_key_length": "attention.key_length_mla",
    "mla_value_length": "attention.value_length_mla",
    "rope_dimension": "rope.dimension_count",
    "full_attention_interval": "full_attention_interval",
    "state_size": "ssm.state_size",
    "decoder_layers": "decoder_block_count",
}
_SCALING: Final = ("factor", "original_context_length", "attn_factor", "alpha")
_POOLING: Final = {0: "none", 1: "mean", 2: "cls", 3: "last", 4: "rank"}
_WHOLE, _REAL = re.compile(r"-?\d{1,15}\Z"), re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d{1,3})?\Z")

_LONGEST_NUMBER, _LARGEST_NUMBER = 30, 1e300


@dataclass(frozen=True, slots=True)
class GgufShape:
    """Widths and counts; None where no key gives them, or where layers differ.

    `kv_heads_by_layer` is empty where all layers are alike; a layer with 0 keeps no cache.
    `sliding_window_pattern` says of each layer whether it looks back only so far, or that each
    so-manyth does not.
    """

    num_layers: int | None = None
    hidden_size: int | None = None
    output_size: int | None = None
    context_length: int | None = None
    head_dim: int | None = None
    value_head_dim: int | None = None
    sliding_window: int | None = None
    shared_kv_layers: int | None = None
    num_experts: int | None = None
    num_experts_per_token: int | None = None
    num_shared_experts: int | None = None
    expert_intermediate_size: int | None = None
    dense_layers: int | None = None
    next_token_layers: int | None = None
    q_lora_rank: int | None = None
    kv_lora_rank: int | None = None
    mla_key_length: int | None = None
    mla_value_length: int | None = None
    rope_dimension: int | None = None
    full_attention_interval: int | None = None
    state_size: int | None = None
    decoder_layers: int | None = None
    num_attention_heads: int | None = None
    num_key_value_heads: int | None = None
    kv_heads_by_layer: tuple[int, ...] = ()
    intermediate_size: int | None = None
    vocab_size: int | None = None
    rope_theta: float | None = None
    rope_scaling: Mapping[str, object] | None = None
    sliding_window_pattern: tuple[bool, ...] | int | None = None
    pooling: str = ""
    causal: bool | None = None


def gguf_shape(keys: Keys, architecture: str) -> GgufShape:
    """Read the keys below `{architecture}.`, numbers or texts of numbers."""
    below = keys_below(keys, f"{architecture}.") if architecture else {}
    facts: dict[str, Any] = {name: count_of(below.get(key)) for name, key in _COUNTS.items()}
    facts |= _heads(below, facts["hidden_size"], facts["head_dim"])
    facts |= _rope(below)
    pooling, causal = plain(below.get("pooling_type")), plain(below.get("attention.causal"))
    return GgufShape(
        **facts,
        vocab_size=_vocabulary(keys, below),
        sliding_window_pattern=_pattern(below.get("attention.sliding_window_pattern")),
        pooling=_POOLING.get(pooling, "") if isinstance(pooling, int) else "",
        causal=causal if isinstance(causal, bool) else None,
    )


def plain(value: object) -> object:
    """Return the number or flag that a text writes out; everything else as it is."""
    if not isinstance(value, str) or len(value) > _LONGEST_NUMBER:
        return value
    if value in {"true", "false"}:
        return value == "true"
    if _WHOLE.match(value):
        return int(value)
    return float(value) if _REAL.match(value) else value


def keys_below(keys: Keys, prefix: str) -> dict[str, object]:
    """Return the keys that begin so, without that beginning."""
    return {key[len(prefix) :]: value for key, value in keys.items() if key.startswith(prefix)}


def count_of(value: object) -> int | None:
    """Return a positive whole number, also one that is written out; None for all else."""
    return as_count(plain(value))


def real_of(value: object) -> float | None:
    """Return a finite number, also one that is written out; None for all else."""
    value = plain(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < _LARGEST_NUMBER else None  # neither NaN nor infinite


def _by_layer(value: object) -> tuple[int, ...]:
    """Return a number for each layer, where they are given so."""
    numbers = [n for n in value if type(n) is int and n >= 0] if isinstance(value, list) else []
    return tuple(numbers) if isinstance(value, list) and len(numbers) == len(value) else ()


def _common(value: object) -> int | None:
    """Return the one number of all layers that have any; None where they differ."""
    layers = {n for n in _by_layer(value) if n}
    return count_of(value) if not layers else layers.pop() if len(layers) == 1 else None


def _heads(below: Keys, hidden: int | None, key_length: int | None) -> dict[str, Any]:
    """Fill in what the format's readers take for granted: as many cache heads as heads."""
    heads, by_layer = below.get("attention.head_count"), below.get("attention.head_count_kv")
    by_layer = heads if by_layer is None else by_layer
    count, layers = _common(heads), _by_layer(by_layer)
    if key_length is None and hidden and count and hidden % count == 0:
        key_length = hidden // count
    return {
        "num_attention_heads": count,
        "num_key_value_heads": _common(by_layer),
        "kv_heads_by_layer": layers if len(set(layers)) > 1 else (),
        "intermediate_size": _common(below.get("feed_forward_length")),
        "head_dim": key_length,
    }


def _rope(below: Keys) -> dict[str, Any]:
    kind = as_text(below.get("rope.scaling.type"), 64)
    found = {name: real_of(below.get(f"rope.scaling.{name}")) for name in _SCALING}
    old = real_of(below.get("rope.scale_linear"))
    if not kind and old not in {None, 1.0}:
        kind, found = "linear", {"factor": old}
    scaling = {name: value for name, value in found.items() if value is not None}
    return {
        "rope_theta": real_of(below.get("rope.freq_base")),
        "rope_scaling": {"rope_type": kind, **scaling} if kind and kind != "none" else None,
    }


def _pattern(value: object) -> tuple[bool, ...] | int | None:
    """Return which layers look back only so far, or that each so-manyth does not."""
    if isinstance(value, list):
        return tuple(bool(each) for each in value)
    return count_of(value)


def _vocabulary(keys: Keys, below: Keys) -> int | None:
    tokens = keys.get(TOKENS)
    length = tokens.length if isinstance(tokens, LongArray) else 0
    length = len(tokens) if isinstance(tokens, list) else length
    return count_of(below.get("vocab_size")) or as_count(length)
