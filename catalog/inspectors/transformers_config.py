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

<<<<<<< HEAD
# The language part of a model that has several, outermost first.
_NESTED: Final = (
    "text_config", "llm_config", "language_config", "language_model_config", "thinker_config",
    "text_model_config", "llm_backbone_config",
)  # fmt: skip
_DEEPEST: Final = 4
LAYERS: Final = ("num_hidden_layers", "n_layers", "n_layer", "num_layers", "decoder_layers")
HIDDEN: Final = ("hidden_size", "n_embd", "d_model", "dim", "model_dim")
INNER: Final = (
    "intermediate_size", "ffn_hidden_size", "n_inner", "d_ff", "ffn_dim", "decoder_ffn_dim",
    "inner_dim",
)  # fmt: skip
CONTEXT: Final = (
    "max_position_embeddings", "n_positions", "max_sequence_length", "max_seq_len", "seq_length",
    "max_seq_length", "n_ctx", "model_max_length",
)  # fmt: skip
VOCABULARY: Final = ("vocab_size", "padded_vocab_size", "n_vocab")
HEADS: Final = ("num_attention_heads", "n_heads", "n_head", "num_heads", "decoder_attention_heads")
KV_HEADS: Final = (
    "num_key_value_heads", "num_kv_heads", "n_head_kv", "n_kv_heads", "multi_query_group_num",
    "kv_n_heads",
)  # fmt: skip
HEAD_DIM: Final = ("head_dim", "kv_channels", "d_kv", "attention_head_size")
EXPERTS: Final = ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts")
ACTIVE_EXPERTS: Final = ("num_experts_per_tok", "moe_top_k", "moe_topk", "num_experts_per_token")
=======
>>>>>>> counting
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


def language_part(config: JsonObject) -> JsonObject:
    """Return the part that describes the language model; the whole where it is not nested.

    A part that gives no shape of its own leaves it to its family's defaults, which nobody wrote
    down: the whole is no substitute then, so such a part is returned as it is.
    """
<<<<<<< HEAD
    for _ in range(_DEEPEST):
        parts = (part for name in _NESTED if isinstance(part := config.get(name), dict) and part)
        config = next(parts, config)
=======
    for name in TEXT_PARTS:
        part = config.get(name)
        if isinstance(part, dict) and part:
            return language_part(part)
>>>>>>> counting
    return config


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
    return {**facts, "latent": _latent(part), "cache": _cache(part, facts)}


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


def _latent(part: JsonObject) -> dict[str, object] | None:
    """Return the sizes of multi-head latent attention, where there is one."""
    names = ("kv_lora_rank", "qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim", "q_lora_rank")
    found: dict[str, object] = {name: as_count(part.get(name)) for name in names}
    return found if found["kv_lora_rank"] and found["qk_rope_head_dim"] else None


def _cache(part: JsonObject, facts: Mapping[str, object]) -> list[dict[str, object]] | None:
    """Return the layers that keep keys and values; None where they differ or sizes are missing."""
    layers = as_count(facts["num_layers"])
    kinds = part.get("layer_types")
    if isinstance(kinds, list) and len(kinds) == layers:
        layers = sum(1 for kind in kinds if kind not in _STATEFUL)
    values = _kept_values(part, facts)
    if any(part.get(name) for name in _UNEVEN) or layers is None or values is None:
        return None
    return [{"layers": layers, "values_per_token": values}] if layers else []


def _kept_values(part: JsonObject, facts: Mapping[str, object]) -> int | None:
    if latent := _latent(part):
        return sum(as_count(latent[name]) or 0 for name in ("kv_lora_rank", "qk_rope_head_dim"))
    heads, size = as_count(facts["num_key_value_heads"]), as_count(facts["head_dim"])
    return None if heads is None or size is None else 2 * heads * size


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
