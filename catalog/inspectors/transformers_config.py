"""config.json in all its dialects: the shape of a transformer, in one set of words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from catalog.inspectors.base import JsonObject, as_count, as_text, first_count
from catalog.inspectors.counting.names import (
    ACTIVE_EXPERTS,
    CONTEXT,
    EXPERTS,
    HEAD_DIM,
    HEADS,
    HIDDEN,
    INNER,
    KV_HEADS,
    LAYERS,
    TEXT_PARTS,
    VOCABULARY,
)

# Layers of these kinds keep a constant state and no keys and values.
_STATEFUL: Final = frozenset(
    {"linear_attention", "mamba", "mamba2", "recurrent", "conv", "moe", "mlp"}
)
_UNEVEN: Final = (
    "block_configs", "hybrid_override_pattern", "layers_block_type", "global_head_dim",
    "attn_layer_period", "attention_chunk_size_per_layer", "num_kv_shared_layers",
)  # fmt: skip
_MOST_ROPE = 40
_LONGEST_ROPE = 100


def architecture(config: JsonObject) -> str:
    """Return the first class name that the configuration gives."""
    names = config.get("architectures")
    return as_text(names[0]) if isinstance(names, list) and names else ""


def family(config: JsonObject) -> str:
    """Return the model_type, which names the family."""
    return as_text(config.get("model_type"))


def has_vision(config: JsonObject) -> bool:
    """Tell whether a part of the model sees."""
    inner = config.get("thinker_config")
    names = ("vision_config", "visual", "vision_tower", "mm_vision_tower", "vision_tower_config")
    own = any(config.get(name) for name in (*names, "img_processor"))
    return own or (isinstance(inner, dict) and bool(inner.get("vision_config")))


def language_part(config: JsonObject) -> JsonObject:
    """Return the part that describes the language model; the whole where it is not nested.

    A part that gives no shape of its own leaves it to its family's defaults, which nobody wrote
    down: the whole is no substitute then, so such a part is returned as it is.
    """
    for name in TEXT_PARTS:
        part = config.get(name)
        if isinstance(part, dict) and part:
            return language_part(part)
    return config


def quantization(config: JsonObject) -> dict[str, object] | None:
    """Return method and bits, as far as they are said."""
    part = language_part(config)
    found = config.get("quantization_config") or part.get("quantization_config")
    found = found or config.get("compression_config")
    if not isinstance(found, dict):
        return None
    method = as_text(found.get("quant_method")) or as_text(found.get("quant_type"))
    if not method and found.get("load_in_4bit") is True:
        method = "bitsandbytes"
    if not method:
        return None
    return {"method": method, "bits": _bits(found)}


def _bits(found: Mapping[str, object]) -> int | None:
    bits = first_count(found, "bits", "w_bit", "num_bits", "weight_bits")
    if bits is not None:
        return bits if bits <= 64 else None  # noqa: PLR2004 no number of weights is wider
    for name, width in (("load_in_4bit", 4), ("load_in_8bit", 8)):
        if found.get(name) is True:
            return width
    return 8 if "fp8" in as_text(found.get("quant_method")) else None


def llm_facts(config: JsonObject) -> dict[str, object]:
    """Return the fields of LlmConfig that the configuration says or implies."""
    part = language_part(config)
    attention = _object(part.get("attn_config"))
    hidden = first_count(part, *HIDDEN)
    heads = first_count(part, *HEADS)
    layers = first_count(part, *LAYERS)
    facts: dict[str, object] = {
        "num_layers": layers,
        "hidden_size": hidden,
        "intermediate_size": first_count(part, *INNER),
        "context_length": first_count(part, *CONTEXT) or first_count(config, *CONTEXT),
        "vocab_size": first_count(part, *VOCABULARY) or first_count(config, *VOCABULARY),
        "torch_dtype": dtype(config, part),
        "num_attention_heads": heads,
        "num_key_value_heads": _kv_heads(part, attention, heads),
        "head_dim": _head_dim(part, hidden, heads),
        "rope_scaling": _rope(part),
        "sliding_window": _window(part),
        "num_experts": _experts(part, EXPERTS),
        "num_experts_per_token": _experts(part, ACTIVE_EXPERTS),
    }
    return {**facts, **_cache(part, layers)}


def dtype(config: JsonObject, part: JsonObject) -> str:
    """Return the number format, by its bare name."""
    for place in (part, config):
        for name in ("dtype", "torch_dtype"):
            if found := as_text(place.get(name)).removeprefix("torch."):
                return found
    return ""


def _kv_heads(part: JsonObject, attention: JsonObject, heads: int | None) -> int | None:
    """Return the heads of keys and values: all heads, unless something says less."""
    if part.get("multi_query") is True and "n_head_kv" not in part and "num_kv_heads" not in part:
        return 1
    if part.get("multi_query_attention") is False:
        return heads
    return first_count(part, *KV_HEADS) or first_count(attention, *KV_HEADS) or heads


def _head_dim(part: JsonObject, hidden: int | None, heads: int | None) -> int | None:
    told = first_count(part, *HEAD_DIM)
    if told is not None or hidden is None or heads is None:
        return told
    return hidden // heads if hidden % heads == 0 else None


def _rope(part: JsonObject) -> dict[str, object] | None:
    found = part.get("rope_scaling") or part.get("rope_parameters")
    if not isinstance(found, dict) or len(found) > _MOST_ROPE:
        return None
    plain = {key: value for key, value in found.items() if _is_small(value)}
    return plain or None


def _is_small(value: object) -> bool:
    """Lists of factors per dimension are for the runtime, not for readers."""
    return isinstance(value, bool | int | float) or 0 < len(as_text(value)) < _LONGEST_ROPE


def _window(part: JsonObject) -> int | None:
    return None if part.get("use_sliding_window") is False else as_count(part.get("sliding_window"))


def _experts(part: JsonObject, names: tuple[str, ...]) -> int | None:
    return first_count(part, *names) or first_count(_object(part.get("ffn_config")), *names)


def _cache(part: JsonObject, layers: int | None) -> dict[str, object]:
    """Return what decides the cache of keys and values."""
    latent = first_count(part, "kv_lora_rank")
    rope = first_count(part, "qk_rope_head_dim")
    kinds = part.get("layer_types")
    kept = layers
    if isinstance(kinds, list) and len(kinds) == layers:
        kept = sum(1 for kind in kinds if kind not in _STATEFUL) or None
    return {
        "kv_layers": kept,
        "kv_latent_dim": latent + rope if latent and rope else None,
        "kv_irregular": any(part.get(name) for name in _UNEVEN),
    }


def _object(value: object) -> JsonObject:
    return value if isinstance(value, dict) else {}


def embedding_facts(config: JsonObject) -> dict[str, object]:
    """Return the fields of EmbeddingConfig that a transformer's configuration says."""
    part = language_part(config)
    return {
        "num_layers": first_count(part, *LAYERS),
        "hidden_size": first_count(part, *HIDDEN),
        "intermediate_size": first_count(part, *INNER),
        "num_attention_heads": first_count(part, *HEADS),
        "max_position_embeddings": first_count(part, *CONTEXT),
        "vocab_size": first_count(part, *VOCABULARY),
    }
