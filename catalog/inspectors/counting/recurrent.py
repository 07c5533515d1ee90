"""Layers that keep a state of constant size in place of keys and values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from catalog.inspectors.counting.fields import Fields, NoRuleError
from catalog.inspectors.counting.layers import CONV, RECURRENT
from catalog.inspectors.counting.names import HEADS
from catalog.inspectors.counting.sizes import linear

_MAMBA_HEADS: Final = ("mamba_n_heads", "mamba_num_heads", "n_mamba_heads")


def mixer(fields: Fields, hidden: int, kind: str) -> int:
    """Return the weights of one such layer; the fields tell which design it is.

    Designs of one name differ in their gates, so an unknown model type has no rule.
    """
    if not fields.family.known:
        raise NoRuleError("a linear layer of an unknown model type")
    return _DESIGNS[_design(fields, kind)](fields, hidden)


def _design(fields: Fields, kind: str) -> str:
    known = fields.family.fact("design")
    if isinstance(known, str) and known in _DESIGNS:
        return known
    if kind in _DESIGNS:
        return kind
    for design, names in _SIGNS.items():
        if fields.says(*names):
            return design
    raise NoRuleError("a linear layer of an unknown design")


def mamba(fields: Fields, hidden: int) -> int:
    """Return a selective state space (arXiv 2312.00752) with its gate and convolution."""
    expand = fields.ratio("mamba_expand", "expand") or 2
    own = fields.count("intermediate_size") if fields.family.fact("only") else None
    inner = own or int(expand * hidden)  # of layers with an MLP it is the width of that
    state = fields.need("mamba_d_state", "state_size")
    rank = _rank(fields, hidden)
    kernel = fields.need("mamba_d_conv", "conv_kernel")
    bias = fields.flag("mamba_proj_bias", "use_bias") is True
    size = linear(hidden, 2 * inner, bias=bias) + linear(inner, hidden, bias=bias)
    size += inner * kernel + (inner if fields.flag("mamba_conv_bias", "use_conv_bias") else 0)
    heads = fields.count("n_mamba_heads") or 1  # Zamba's heads share no width
    size += inner * (rank + 2 * state) + heads * linear(rank, inner // heads, bias=True)
    norms = rank + 2 * state if fields.family.fact("mamba_norms") else 0
    return size + inner * state + inner + norms


def _rank(fields: Fields, hidden: int) -> int:
    if fields.raw("mamba_dt_rank", "time_step_rank") == "auto":
        return -(-hidden // 16)
    return fields.count("mamba_dt_rank", "time_step_rank") or -(-hidden // 16)


def mamba2(fields: Fields, hidden: int) -> int:
    """Return a state space with heads (arXiv 2405.21060)."""
    heads = fields.need(*_MAMBA_HEADS, "num_heads")
    width = fields.count("mamba_d_head", "mamba_head_dim", "mamba_headdim")
    inner = fields.count("mamba_d_ssm") or (heads * width if width else 0)
    inner = inner or int((fields.ratio("mamba_expand", "expand") or 2) * hidden)
    groups = fields.count("mamba_n_groups", "mamba_ngroups", "n_groups") or 1
    state = fields.need("mamba_d_state", "ssm_state_size", "state_size")
    kernel = fields.need("mamba_d_conv", "conv_kernel")
    convolved = inner + 2 * groups * state
    bias = fields.flag("mamba_proj_bias", "use_bias", "add_bias_linear") is True
    size = linear(hidden, inner + convolved + heads, bias=bias) + linear(inner, hidden, bias=bias)
    size += convolved * (kernel + (fields.flag("mamba_conv_bias", "use_conv_bias") is not False))
    norm = 0 if fields.flag("mamba_rms_norm") is False else inner
    return size + 3 * heads + norm


def gated_delta(fields: Fields, hidden: int) -> int:
    """Return a gated delta rule (arXiv 2412.06464)."""
    heads = fields.need("linear_num_value_heads")
    width = fields.need("linear_value_head_dim")
    values = heads * width
    keys = fields.need("linear_num_key_heads") * fields.need("linear_key_head_dim")
    convolved = (2 * keys + values) * fields.need("linear_conv_kernel_dim")
    size = hidden * (2 * keys + 2 * values + 2 * heads) + convolved
    return size + 2 * heads + width + values * hidden


def kimi_delta(fields: Fields, hidden: int) -> int:
    """Return Kimi's delta attention (arXiv 2510.26692); its gates are of low rank, or full."""
    part = fields.part("linear_attn_config") or fields
    heads = part.count("num_heads") if part is not fields else fields.count("linear_num_heads")
    width = part.count("head_dim") if part is not fields else fields.count("linear_head_dim")
    heads, width = heads or fields.need("linear_num_heads"), width or fields.need("linear_head_dim")
    inner = heads * width
    kernel = part.count("short_conv_kernel_size", "linear_conv_kernel_dim") or 4
    gate = linear(hidden, inner) if fields.family.fact("full_gates") else width * (hidden + inner)
    size = 4 * linear(hidden, inner) + 3 * inner * kernel + 2 * gate
    return size + hidden * heads + inner + heads + width


def lightning(fields: Fields, hidden: int) -> int:
    """Return lightning attention with its output gate (MiniMax-01, arXiv 2501.08313)."""
    heads = fields.need(*HEADS)
    inner = heads * (fields.count("head_dim") or hidden // heads)
    return 5 * hidden * inner + inner


def short_convolution(fields: Fields, hidden: int) -> int:
    """Return LFM2's gated convolution."""
    bias = fields.flag("conv_bias") is True
    size = linear(hidden, 3 * hidden, bias=bias) + linear(hidden, hidden, bias=bias)
    return size + hidden * (fields.need("conv_L_cache") + bias)


def gated_recurrence(fields: Fields, hidden: int) -> int:
    """Return the RG-LRU of Griffin (arXiv 2402.19427)."""
    width = fields.count("lru_width") or hidden
    heads = fields.need(*HEADS)
    size = 2 * linear(hidden, width, bias=True) + linear(width, hidden, bias=True)
    size += width * (fields.need("conv1d_width") + 1)
    return size + width + 2 * (width * (width // heads) + width)


_SIGNS: Final[Mapping[str, tuple[str, ...]]] = {
    "mamba2": _MAMBA_HEADS,
    "mamba": ("mamba_d_state", "mamba_dt_rank", "state_size"),
    "delta": ("linear_num_value_heads",),
    "kimi": ("linear_num_heads", "linear_attn_config"),
}
_DESIGNS: Final[Mapping[str, Callable[[Fields, int], int]]] = {
    CONV: short_convolution,
    RECURRENT: gated_recurrence,
    "mamba": mamba,
    "mamba2": mamba2,
    "delta": gated_delta,
    "kimi": kimi_delta,
    "lightning": lightning,
}
