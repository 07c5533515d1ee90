"""What each layer of a decoder is made of, from the many ways in which configurations say it."""

from __future__ import annotations

from collections import Counter
from typing import Final

from catalog.inspectors.base import as_count, as_text
from catalog.inspectors.counting.fields import MOST_LAYERS, Fields, NoRuleError
from catalog.inspectors.counting.names import EXPERTS, LAYERS, WINDOW

Block = tuple[str, str]  # how a layer mixes tokens, and what works on each of them

FULL, SLIDING, CHUNKED, CROSS = "full", "sliding", "chunked", "cross"
COMPRESSED = "compressed"  # keeps one vector for many tokens (DeepSeek V4)
LINEAR, CONV, RECURRENT, NONE = "linear", "conv", "recurrent", ""
DENSE, SPARSE = "dense", "sparse"
KEEPS_CACHE: Final = frozenset({FULL, SLIDING, CHUNKED})
ATTENDS: Final = KEEPS_CACHE | {CROSS, COMPRESSED}

_MIXERS: Final = {
    "full_attention": FULL, "attention": FULL, "global_attention": FULL, "global": FULL,
    "full": FULL, "indexed_attention": FULL, "a": FULL, "*": FULL,
    "hybrid": FULL, "hybrid_sliding": SLIDING,  # with a convolution over keys and values
    "sliding_attention": SLIDING, "sliding_window": SLIDING, "sliding_window_attention": SLIDING,
    "local": SLIDING, "local_attention": SLIDING, "sliding": SLIDING,
    "chunked_attention": CHUNKED,
    "heavily_compressed_attention": COMPRESSED, "compressed_sparse_attention": COMPRESSED,
    "linear_attention": LINEAR, "mamba": LINEAR, "mamba2": LINEAR, "m": LINEAR, "linear": LINEAR,
    "conv": CONV, "recurrent": RECURRENT,
    "moe": NONE, "mlp": NONE, "-": NONE, "e": NONE,
}  # fmt: skip
_ALONE: Final = {"moe": SPARSE, "e": SPARSE, "mlp": DENSE, "-": DENSE}
_SPARSE_WORDS: Final = frozenset({"sparse", "moe", "hash_moe"})


def depth(fields: Fields) -> int:
    """Return the number of layers."""
    pattern = _pattern(fields)
    number = len(pattern) if pattern is not None else stacked(fields) or fields.need(*LAYERS)
    if number > MOST_LAYERS:
        raise NoRuleError("more layers than any model has")
    return number


def stacked(fields: Fields) -> int | None:
    """Return the sum of the layers that a list gives for each stage; None where there is none."""
    listed = fields.series("block_sizes")
    if listed is None:
        return None
    numbers = [as_count(number) for number in listed]
    if None in numbers:
        raise NoRuleError("block_sizes is no list of counts")
    return sum(number or 0 for number in numbers)


def blocks(fields: Fields) -> Counter[Block]:
    """Return how many layers there are of each make."""
    pattern = _pattern(fields)
    if pattern is not None:
        return Counter((_mixer(word), _ALONE.get(word, NONE)) for word in pattern)
    number, only = depth(fields), fields.family.fact("only")
    if isinstance(only, list):
        return Counter({(str(only[0]), str(only[1])): number})
    found = Counter(zip(mixers(fields, number), feeds(fields, number), strict=True))
    if fields.family.fact("experts_beside") and has_experts(fields):  # and beside the MLP
        found[NONE, SPARSE] += number
    if fields.family.fact("beside"):  # a state beside the attention of each layer
        found[LINEAR, NONE] += number
    if fields.family.fact("doubled"):  # two of attention and MLP, and experts across them
        found = Counter({(FULL, DENSE): 2 * number, (NONE, SPARSE): number})
    return found


def _pattern(fields: Fields) -> tuple[str, ...] | None:
    """Return the layers of a model whose layers are either a mixer or an MLP, never both."""
    if not fields.family.fact("alone"):
        return None
    text = fields.word("hybrid_override_pattern").lower() if _short(fields) else ""
    if text:
        return tuple(text.replace("|", ""))
    listed = fields.series("layers_block_type", "layer_types")
    return None if listed is None else tuple(as_text(item) for item in listed)


def _short(fields: Fields) -> bool:
    text = fields.raw("hybrid_override_pattern")
    return isinstance(text, str) and len(text) <= 200  # noqa: PLR2004 what as_text keeps whole


def _mixer(word: object) -> str:
    mixer = _MIXERS.get(as_text(word))
    if mixer is None:
        raise NoRuleError("a layer of an unknown make")
    return mixer


def mixers(fields: Fields, number: int) -> tuple[str, ...]:
    """Return how each layer mixes tokens."""
    listed = fields.series("layer_types", "layers_block_type")
    if listed is not None and len(listed) == number:
        return tuple(_mixer(item) for item in listed)
    found = _by_index(fields, number) or _by_list(fields, number) or _by_cycle(fields, number)
    return found or _by_window(fields, number)


def _by_index(fields: Fields, number: int) -> tuple[str, ...] | None:
    """Return attention at a period among layers with a state (Jamba, Qwen3-Next)."""
    period = fields.count("attn_layer_period", "full_attention_interval")
    if period is None:
        return None
    offset = fields.whole("attn_layer_offset")
    at = period - 1 if offset is None else offset
    return tuple(FULL if i % period == at else LINEAR for i in range(number))


def _by_list(fields: Fields, number: int) -> tuple[str, ...] | None:
    """Return attention at listed layers among layers with a state, or the reverse (Bamba, LFM2)."""
    for name, listed, other in (
        ("attn_layer_indices", FULL, LINEAR),
        ("full_attn_idxs", FULL, CONV),
        ("cross_attention_layers", CROSS, FULL),
    ):
        places = fields.series(name)
        if places is not None:
            at = {place for place in places if isinstance(place, int)}
            return tuple(listed if i in at else other for i in range(number))
    return _told_apart(fields, number)


def _told_apart(fields: Fields, number: int) -> tuple[str, ...] | None:
    """Return the layers of Kimi-Linear (from 1), MiMo (1 is local), MiniMax (0 is linear)."""
    part = fields.part("linear_attn_config")
    places = part.series("full_attn_layers") if part else None
    if places is not None:
        at = {place for place in places if isinstance(place, int)}
        return tuple(FULL if i + 1 in at else LINEAR for i in range(number))
    kinds = fields.series("hybrid_layer_pattern")
    if kinds is not None and len(kinds) == number:
        return tuple(SLIDING if kind == 1 else FULL for kind in kinds)
    kinds = fields.series("attn_type_list")
    if kinds is not None and len(kinds) == number:
        return tuple(FULL if kind == 1 else LINEAR for kind in kinds)
    return None


def _by_cycle(fields: Fields, number: int) -> tuple[str, ...] | None:
    """Return local layers with a global one at a period, or the cycle of the model type."""
    cycle = fields.series("block_types", "_block_types") or _cycle(fields)
    if not cycle:
        return None
    kinds = [_mixer(item) for item in cycle]
    if SLIDING in kinds and not fields.count(*WINDOW):
        return (FULL,) * number
    found = [kinds[i % len(kinds)] for i in range(number)]
    if fields.family.fact("last_full"):
        found[-1] = FULL
    return tuple(found)


def _cycle(fields: Fields) -> tuple[object, ...] | None:
    period = fields.raw(
        "sliding_window_pattern", "_sliding_window_pattern", "global_attn_every_n_layers"
    )
    known = fields.family.fact("cycle")
    if isinstance(period, int) and not isinstance(period, bool) and 0 < period <= MOST_LAYERS:
        local = ("sliding",) * (period - 1)
        first = isinstance(known, list) and known[0] == "full_attention"
        return ("full", *local) if first else (*local, "full")
    if isinstance(period, str) and 0 < len(period) <= MOST_LAYERS and set(period) <= {"L", "G"}:
        return tuple("full" if kind == "G" else "sliding" for kind in period)
    return tuple(known) if isinstance(known, list) else None


def _by_window(fields: Fields, number: int) -> tuple[str, ...]:
    if fields.family.fact("mixed"):
        raise NoRuleError("which layers are of which make is not said")
    if fields.count("attention_chunk_size") and fields.family.fact("chunks"):
        full = fields.count("no_rope_layer_interval") or 4
        return tuple(CHUNKED if (i + 1) % full else FULL for i in range(number))
    if fields.flag("use_sliding_window") is False or not _window(fields):
        return (FULL,) * number
    first = fields.whole("max_window_layers") or 0
    return tuple(SLIDING if i >= first else FULL for i in range(number))


def _window(fields: Fields) -> int | None:
    value = fields.raw(*WINDOW)
    return fields.count(*WINDOW) if isinstance(value, int) and value > 0 else None


def window_of(fields: Fields, mixer: str) -> int | None:
    """Return after how many tokens a layer keeps no more; None where it keeps all."""
    if mixer == CHUNKED:
        return fields.count("attention_chunk_size")
    return _window(fields) if mixer == SLIDING else None


def feeds(fields: Fields, number: int) -> tuple[str, ...]:
    """Return for each layer whether experts share its MLP."""
    if fields.family.fact("experts_beside") or not has_experts(fields):
        return (DENSE,) * number
    for name in ("mlp_layer_types", "moe_layer_freq"):
        listed = fields.series(name)
        if listed is not None and len(listed) == number:
            return tuple(_sparse(item) for item in listed)
    at = _sparse_at(fields, number)
    return tuple(SPARSE if i in at else DENSE for i in range(number))


def has_experts(fields: Fields) -> bool:
    """Tell whether tokens choose among experts."""
    on = fields.flag("is_moe", "enable_moe_block", "use_moe")
    part = fields.part("ffn_config")
    some = fields.count(*EXPERTS) or (part.count(*EXPERTS) if part else None)
    return on is not False and bool(some) and some != 1


def _sparse(item: object) -> str:
    return SPARSE if item == 1 or (isinstance(item, str) and item in _SPARSE_WORDS) else DENSE


def _sparse_at(fields: Fields, number: int) -> set[int]:
    for name in ("moe_layers", "moe_layer_indices"):
        if (listed := fields.series(name)) is not None:
            return {i for i in listed if isinstance(i, int)}
    text = fields.raw("moe_layers_enum")
    if isinstance(text, str) and len(text) <= 8 * MOST_LAYERS:
        return {int(i) for i in text.split(",") if i.strip().isdecimal() and len(i) < 6}  # noqa: PLR2004 no layer has such a number
    dense = {i for i in fields.series("mlp_only_layers") or () if isinstance(i, int)}
    return set(_regular(fields, number)) - dense


def _regular(fields: Fields, number: int) -> range:
    """Return the layers with experts where they follow each other evenly."""
    period = fields.count("expert_layer_period")
    if period is not None:
        return range(fields.whole("expert_layer_offset") or 0, number, period)
    step = fields.count(
        "decoder_sparse_step", "interleave_moe_layer_step", "moe_layer_interval",
        "moe_every_n_layers",
    )  # fmt: skip
    first = fields.whole("first_k_dense_replace", "num_dense_layers", "moe_layer_start_index")
    if first is None:
        known = fields.family.fact("dense_first")
        first = known if isinstance(known, int) else 0
    if step is not None and step > 1:
        return range(step - 1, number, step)
    end = fields.whole("moe_layer_end_index")
    last = number if end is None else min(end + 1, number)
    return range(first, last, fields.count("moe_layer_freq") or 1)
