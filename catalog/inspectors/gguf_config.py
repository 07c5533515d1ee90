"""What the keys of a GGUF file say, in the words of the typed configurations."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from catalog.inspectors.base import Problems, as_number
from catalog.inspectors.headers.gguf import Gguf
from catalog.inspectors.headers.gguf_facts import GgufFacts, special_tokens
from catalog.inspectors.headers.gguf_shape import GgufShape
from catalog.inspectors.subject import Facts
from registry.configs._text import LONGEST_TEMPLATE

_SAMPLING: Final = {"temp": "temperature", "top_p": "top_p", "top_k": "top_k"}
# The first of the two matrices of a layer; that of the embedding lies the other way around.
_LORA: Final = re.compile(r"(?!token_embd)(.+)\.weight\.lora_a\Z")
_METHOD: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_MOST_MODULES: Final = 200
_POOLING: Final = {"mean": "mean", "cls": "cls", "last": "last_token"}


def llm_facts(header: Gguf, found: GgufFacts, problems: Problems) -> Facts:
    """Return the fields of LlmConfig."""
    shape = found.shape
    kept = cache_of(shape)
    return {
        "num_layers": shape.num_layers,
        "hidden_size": shape.hidden_size,
        "intermediate_size": shape.intermediate_size,
        "context_length": shape.context_length,
        "vocab_size": shape.vocab_size,
        "num_attention_heads": shape.num_attention_heads,
        "num_key_value_heads": shape.num_key_value_heads,
        "head_dim": shape.head_dim,
        "rope_scaling": dict(shape.rope_scaling) if shape.rope_scaling else None,
        "sliding_window": shape.sliding_window,
        "num_experts": shape.num_experts,
        "num_experts_per_token": shape.num_experts_per_token,
        "num_shared_experts": shape.num_shared_experts,
        "latent": _latent(shape),
        "cache": kept,
        "tokenizer": _tokenizer(header, found, problems),
        "sampling": _sampling(found),
    }


def encoder_facts(found: GgufFacts) -> Facts:
    """Return the fields of an encoder's configuration, and how it pools."""
    shape = found.shape
    pooling = _POOLING.get(shape.pooling)
    return {
        "dimension": shape.output_size or shape.hidden_size,
        "pooling": (pooling,) if pooling else (),
        "num_layers": shape.num_layers,
        "hidden_size": shape.hidden_size,
        "intermediate_size": shape.intermediate_size,
        "num_attention_heads": shape.num_attention_heads,
        "max_position_embeddings": shape.context_length,
        "vocab_size": shape.vocab_size,
    }


def adapter_facts(header: Gguf, found: GgufFacts) -> Facts | None:
    """Return `Adapter` of a file that says it is one; its rank is that of all its matrices.

    Layout: https://github.com/ggml-org/llama.cpp/blob/master/convert_lora_to_gguf.py
    """
    if found.kind != "adapter":
        return None
    matches = (_LORA.match(name) for name in header.tensors or {})
    changed = {match[0]: match[1].rpartition(".")[2] for match in matches if match}
    ranks = {header.tensors[name].shape[1:] for name in changed} if header.tensors else set()
    rank = ranks.pop() if len(ranks) == 1 else ()
    method = found.adapter_type.lower() or ("lora" if changed else "")
    return {
        "method": method if _METHOD.fullmatch(method) else "other",
        "rank": rank[0] if len(rank) == 1 else None,
        "alpha": as_number(found.adapter_alpha, 1e-9, 1e6),
        "target_modules": tuple(sorted(set(changed.values())))[:_MOST_MODULES],
    }


def cache_of(shape: GgufShape) -> list[dict[str, int | None]] | None:
    """Return the layers that keep keys and values, as `registry.configs.cache` groups them."""
    values = _values_by_layer(shape)
    if values is None:
        return None
    last = len(values) - (shape.shared_kv_layers or 0)
    windows = [shape.sliding_window if _is_windowed(shape, n) else None for n in range(last)]
    groups = Counter(
        (kept, window) for kept, window in zip(values[:last], windows, strict=True) if kept
    )
    return [
        {"layers": count, "values_per_token": kept, "window": window}
        for (kept, window), count in groups.items()
    ]


def _values_by_layer(shape: GgufShape) -> list[int] | None:
    layers = shape.num_layers
    if layers is None or layers > 1 << 12:
        return None
    if shape.kv_lora_rank:
        return [shape.kv_lora_rank + (shape.rope_dimension or 0)] * layers
    width = shape.head_dim
    heads = shape.kv_heads_by_layer or (shape.num_key_value_heads,) * layers
    if width is None or len(heads) != layers or any(one is None for one in heads):
        return None
    each = width + (shape.value_head_dim or width)
    return [(heads[n] or 0) * each if _keeps(shape, n) else 0 for n in range(layers)]


def _keeps(shape: GgufShape, layer: int) -> bool:
    """Hybrids look back in each so-manyth layer alone; the others keep a state of fixed size."""
    every = shape.full_attention_interval
    return not every or layer % every == every - 1


def _is_windowed(shape: GgufShape, layer: int) -> bool:
    """Without a pattern every layer is counted in full, which is the most that it can be."""
    pattern = shape.sliding_window_pattern
    if isinstance(pattern, tuple):
        return layer < len(pattern) and pattern[layer]
    return bool(pattern) and layer % int(pattern or 1) != int(pattern or 1) - 1


def _latent(shape: GgufShape) -> Facts | None:
    if not shape.kv_lora_rank or not shape.rope_dimension:
        return None
    return {
        "kv_lora_rank": shape.kv_lora_rank,
        "qk_rope_head_dim": shape.rope_dimension,
        "q_lora_rank": shape.q_lora_rank,
        "v_head_dim": shape.mla_value_length,
    }


def _tokenizer(header: Gguf, found: GgufFacts, problems: Problems) -> Facts | None:
    texts = special_tokens(header)
    template = found.chat_templates.get("default", "")
    if len(template) > LONGEST_TEMPLATE:
        problems.add(f"The chat template has {len(template)} characters and is left out")
        template = ""
    facts: Facts = {
        "kind": found.tokenizer,
        **{f"{role}_token": texts.get(role, "") for role in ("bos", "eos", "pad", "unk")},
        "chat_template": template,
    }
    return facts if any(facts.values()) else None


def _sampling(found: GgufFacts) -> Facts | None:
    told = {
        ours: found.sampling[name] for name, ours in _SAMPLING.items() if name in found.sampling
    }
    if "top_k" in told:
        told["top_k"] = int(told["top_k"])
    return dict(told) or None
