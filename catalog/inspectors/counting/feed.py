"""What works on each token by itself: an MLP, or experts that share the tokens."""

from __future__ import annotations

from math import isqrt
from typing import Final

from catalog.inspectors.base import as_count, as_text
from catalog.inspectors.counting.fields import Fields, NoRuleError
from catalog.inspectors.counting.names import (
    ACTIVE_EXPERTS,
    EXPERT_INNER,
    EXPERTS,
    INNER,
    SHARED_EXPERTS,
)
from catalog.inspectors.counting.sizes import Size, linear, used

_ACTIVATION: Final = (
    "hidden_act", "hidden_activation", "activation_function", "activation", "mlp_hidden_act",
    "act_fn", "ffn_act_fn", "afn", "ff_activation",
)  # fmt: skip
_MOST_EXPERTS: Final = 4096
_GATED_WORDS: Final = ("silu", "swish", "swiglu", "geglu", "gegelu", "glu")


def is_gated(fields: Fields) -> bool:
    """Tell whether the MLP multiplies two projections (three matrices) or applies one (two).

    A known model type has it as a fact. For others SiLU implies a gate, which all published
    decoders with it have; another activation tells nothing.
    """
    known = fields.family.fact("gated")
    said = fields.flag("is_gated_act", "is_glu_act", "use_glu", "gated_mlp", "use_gated_mlp")
    if said is not None:
        return said
    if isinstance(known, bool):
        return known
    act = as_text(fields.raw(*_ACTIVATION)).lower()
    if any(word in act for word in _GATED_WORDS):
        return True
    raise NoRuleError("whether the MLP is gated is not said")


def inner_size(fields: Fields, hidden: int) -> int:
    """Return the width inside the MLP: as said, or as a multiple of the model's width."""
    part, own = fields.part("ffn_config"), fields.family.fact("inner")
    if isinstance(own, str):
        return fields.need(own)
    listed = fields.series(*INNER)
    if listed is not None:
        return _mean(listed)
    told = fields.count(*INNER) or (part.count(*INNER) if part else None)
    if told is not None:
        return _adjusted(fields, told)
    if fields.family.fact("four_times"):
        return 4 * hidden
    ratio = fields.ratio("mlp_ratio", "expansion_ratio", "intermediate_multiple_size")
    if ratio is None:
        raise NoRuleError("the width of the MLP is missing")
    return int(hidden * ratio)


def _mean(listed: tuple[object, ...]) -> int:
    """Return the mean of the widths that a file gives for each layer: it has the same sum."""
    numbers = [as_count(item) for item in listed]
    total = sum(number or 0 for number in numbers)
    if None in numbers or total % len(numbers):
        raise NoRuleError("the widths of the MLPs have no whole mean")
    return total // len(numbers)


def _adjusted(fields: Fields, told: int) -> int:
    """Return the width in use where the file gives it before rounding (LFM2) or doubled (Qwen)."""
    if fields.flag("block_auto_adjust_ff_dim"):
        told = int(2 * told / 3 * (fields.ratio("block_ffn_dim_multiplier") or 1.0))
        step = fields.count("block_multiple_of") or 1
        return (told + step - 1) // step * step
    return told // 2 if fields.family.fact("inner_doubled") else told


def mlp(hidden: int, inner: int, *, gated: bool, bias: bool = False) -> int:
    """Return the weights of one MLP."""
    up = linear(hidden, inner, bias=bias)
    return (2 if gated else 1) * up + linear(inner, hidden, bias=bias)


def has_bias(fields: Fields) -> bool:
    """Tell whether the projections of the MLP add a bias."""
    said = fields.flag("mlp_bias", "use_mlp_bias", "use_bias", "bias", "enable_bias")
    if said is None:
        said = fields.family.fact("mlp_bias") is True
    return said and fields.flag("no_bias") is not True


def dense(fields: Fields, hidden: int) -> Size:
    """Return the MLP of a layer without experts."""
    inner = fields.count("intermediate_size_mlp", "dense_intermediate_size")
    inner = inner or inner_size(fields, hidden)
    return used(mlp(hidden, inner, gated=is_gated(fields), bias=has_bias(fields)))


def sparse(fields: Fields, hidden: int) -> Size:
    """Return router, experts and what all tokens share in a layer with experts."""
    if fields.family.fact("retrieves"):
        return _retrieved(fields, hidden)
    part = fields.part("ffn_config") or fields
    number = fields.count(*EXPERTS) or part.need(*EXPERTS)
    if number > _MOST_EXPERTS:
        raise NoRuleError("more experts than any model chooses among by a matrix")
    inner = fields.count(*EXPERT_INNER) or inner_size(fields, hidden)
    width = fields.count("moe_latent_size", "moe_hidden_size") or hidden
    bias = fields.family.fact("expert_bias") is True
    each = mlp(width, inner, gated=is_gated(fields), bias=bias)
    common = linear(hidden, number, bias=bias) + _shared(fields, hidden, inner)
    if width != hidden:
        common += linear(hidden, width) + linear(width, hidden)
    return chosen_of(fields, each) + used(common)


def chosen_of(fields: Fields, each: int) -> Size:
    """Return all experts of this size, of which a token uses those that it chooses."""
    part = fields.part("ffn_config") or fields
    number = fields.count(*EXPERTS) or part.need(*EXPERTS)
    chosen = min(_chosen(fields) or _chosen(part) or number, number)
    return Size(number * each, chosen * each)


def _retrieved(fields: Fields, hidden: int) -> Size:
    """Return an MLP and experts of one vector in and out, found by two keys (PEER, 2407.04153)."""
    keys = 2 * isqrt(fields.need(*EXPERTS))
    return dense(fields, hidden) + used(hidden * keys) + chosen_of(fields, 2 * hidden)


def _chosen(fields: Fields) -> int | None:
    value = fields.raw(*ACTIVE_EXPERTS)
    if isinstance(value, list):
        return value[0] if value and isinstance(value[0], int) and value[0] > 0 else None
    return fields.count(*ACTIVE_EXPERTS)


def _shared(fields: Fields, hidden: int, inner: int) -> int:
    """Return the experts that every token uses."""
    width = fields.count(
        "shared_expert_intermediate_size", "shared_intermediate_size", "share_expert_dim",
        "moe_shared_expert_intermediate_size", "shared_experts_intermediate_size",
    )  # fmt: skip
    number = fields.count(*SHARED_EXPERTS)
    if width is None:
        number = 1 if fields.family.fact("shared_expert") else number or 0
        width = inner * number
    if not width:
        return 0
    gate = hidden if fields.family.fact("shared_gate") else 0
    return gate + mlp(hidden, width, gated=is_gated(fields))
