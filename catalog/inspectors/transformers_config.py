"""config.json in all its dialects: the shape of a transformer, in one set of words."""

from __future__ import annotations

from math import isfinite
from typing import Final

from catalog.inspectors import counting
from catalog.inspectors.base import JsonObject, as_object, as_text
from catalog.inspectors.counting.names import (
    HIDDEN,
    LAYERS,
    TEXT_PARTS,
    VOCABULARY,
)

__all__ = [
    "HIDDEN", "LAYERS", "VOCABULARY", "architecture", "dtype", "embedding_facts", "family",
    "has_own_class", "language_part", "llm_facts",
]  # fmt: skip
_DEEPEST: Final = 4
_MOST_ROPE: Final = 40
_LONGEST_ROPE: Final = 100


def architecture(config: JsonObject) -> str:
    """Return the first class name that the configuration gives."""
    names = config.get("architectures")
    return as_text(names[0]) if isinstance(names, list) and names else ""


def family(config: JsonObject) -> str:
    """Return the model_type, which names the family."""
    return as_text(config.get("model_type"))


def has_own_class(config: JsonObject) -> bool:
    """Tell whether it names a class of the model, not of settings alone, in code beside it."""
    named = as_object(config.get("auto_map"))
    return any(name.startswith("AutoModel") and value for name, value in named.items())


def language_part(config: JsonObject) -> JsonObject:
    """Return the part that describes the language model; the whole where it is not nested.

    A part that gives no shape of its own leaves it to its family's defaults, which nobody wrote
    down: the whole is no substitute then, so such a part is returned as it is.
    """
    for _ in range(_DEEPEST):
        parts = (part for name in TEXT_PARTS if isinstance(part := config.get(name), dict) and part)
        config = next(parts, config)
    return config


def llm_facts(config: JsonObject) -> dict[str, object]:
    """Return the fields of LlmConfig that the configuration says or implies."""
    part, shape = language_part(config), counting.text_shape(config)
    kept = counting.cache(config)
    return {
        "num_layers": shape.layers,
        "hidden_size": shape.hidden,
        "intermediate_size": shape.intermediate,
        "context_length": shape.context,
        "vocab_size": shape.vocabulary,
        "torch_dtype": dtype(config, part),
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "head_dim": shape.head_dim,
        "rope_scaling": _rope(part),
        "sliding_window": shape.window,
        "num_experts": shape.experts,
        "num_experts_per_token": shape.active_experts,
        "num_shared_experts": shape.shared_experts,
        "latent": _latent(shape),
        "cache": None if kept is None else [group.model_dump() for group in kept],
    }


def dtype(config: JsonObject, part: JsonObject) -> str:
    """Return the number format, by its bare name."""
    for place in (part, config):
        for name in ("dtype", "torch_dtype"):
            if found := as_text(place.get(name)).removeprefix("torch."):
                return found
    return ""


def _rope(part: JsonObject) -> dict[str, object] | None:
    found = part.get("rope_scaling") or part.get("rope_parameters")
    if not isinstance(found, dict) or len(found) > _MOST_ROPE:
        return None
    small = {as_text(key): _small(value) for key, value in found.items()}
    return {key: value for key, value in small.items() if value is not None} or None


def _small(value: object) -> bool | int | float | str | None:
    """Lists of factors per dimension are for the runtime, not for readers."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, int):
        return value
    text = as_text(value)
    return text if 0 < len(text) < _LONGEST_ROPE else None


def _latent(shape: counting.TextShape) -> dict[str, object] | None:
    """Return the sizes of multi-head latent attention, where there is one."""
    if shape.latent is None or shape.rope_head_dim is None:
        return None
    return {
        "kv_lora_rank": shape.latent,
        "qk_rope_head_dim": shape.rope_head_dim,
        "qk_nope_head_dim": shape.plain_head_dim,
        "v_head_dim": shape.value_head_dim,
        "q_lora_rank": shape.query_latent,
    }


def embedding_facts(config: JsonObject) -> dict[str, object]:
    """Return the fields of EmbeddingConfig that a transformer's configuration says."""
    shape = counting.text_shape(config)
    return {
        "num_layers": shape.layers,
        "hidden_size": shape.hidden,
        "intermediate_size": shape.intermediate,
        "num_attention_heads": shape.heads,
        "max_position_embeddings": shape.context,
        "vocab_size": shape.vocabulary,
    }
