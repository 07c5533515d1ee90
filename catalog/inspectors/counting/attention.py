"""Attention: how wide its heads are, what its projections weigh, what it keeps of a token."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.inspectors.counting.fields import Fields, NoRuleError
from catalog.inspectors.counting.layers import FULL, SLIDING
from catalog.inspectors.counting.names import HEAD_DIM, HEADS, HIDDEN, KV_HEADS, VALUE_DIM
from catalog.inspectors.counting.sizes import linear

_SLIDING_KEYS = "swa_num_key_value_heads"


@dataclass(frozen=True, slots=True)
class Heads:
    """Heads of queries and of keys and values, and their widths."""

    queries: int
    keys: int
    width: int
    values: int

    @property
    def cached(self) -> int:
        """Return how many values a layer keeps of one token."""
        return self.keys * (self.width + self.values)


def heads_of(fields: Fields, mixer: str = FULL, hidden: int | None = None) -> Heads:
    """Return the heads of a layer; those of windowed and of full layers may differ."""
    queries = _of(fields, mixer, "num_attention_heads") or fields.need(*HEADS)
    keys = _of(fields, mixer, "num_key_value_heads") or key_heads_of(fields, queries)
    if mixer == SLIDING and fields.family.fact("twice_the_keys") and not fields.says(_SLIDING_KEYS):
        keys *= 2
    width = _of(fields, mixer, "head_dim") or _width(fields, queries, hidden)
    values = _of(fields, mixer, "v_head_dim") or fields.count(*VALUE_DIM) or width
    if keys > queries or queries % keys:
        raise NoRuleError("heads of keys and queries do not fit")
    return Heads(queries, keys, width, values)


def _of(fields: Fields, mixer: str, name: str) -> int | None:
    """Return a number that only layers of one make have (Gemma 4: global, MiMo: swa)."""
    if mixer == FULL:
        short = name.replace("num_key_value_heads", "num_global_key_value_heads")
        return fields.count(short if short != name else f"global_{name}")
    return fields.count(f"swa_{name}")


def key_heads_of(fields: Fields, queries: int) -> int:
    """Return the heads of keys and values: as many as of queries where nothing else is said."""
    if fields.flag("multi_query") and not fields.flag("new_decoder_architecture"):
        return 1
    if fields.flag("new_decoder_architecture") is False and fields.flag("multi_query") is False:
        return queries
    if fields.flag("multi_query_attention") is False:
        return queries
    part = fields.part("attn_config")
    return fields.count(*KV_HEADS) or (part.count(*KV_HEADS) if part else None) or queries


def _width(fields: Fields, queries: int, hidden: int | None) -> int:
    told = fields.count(*HEAD_DIM)
    if told is not None and not fields.family.fact("split"):  # heads split the model's width
        return told
    hidden = fields.count("attention_hidden_size") or hidden or fields.need(*HIDDEN)
    if hidden % queries and not fields.family.fact("uneven_heads"):
        raise NoRuleError("heads do not divide the width")
    return hidden // queries


def is_latent(fields: Fields) -> bool:
    """Tell whether keys and values come out of one latent vector (MLA, arXiv 2405.04434)."""
    return fields.count("kv_lora_rank") is not None


def projections(fields: Fields, hidden: int, mixer: str = FULL) -> int:
    """Return the weights of one layer's attention."""
    if is_latent(fields):
        return latent(fields, hidden) + (_indexer(fields, hidden) if mixer == FULL else 0)
    heads = heads_of(fields, mixer, hidden)
    into, out = biases(fields)
    doubled = 2 if fields.family.fact("query_gate") and _gate_said(fields) is not False else 1
    inner = hidden if fields.family.fact("square_out") else heads.queries * heads.values
    size = linear(hidden, doubled * heads.queries * heads.width, bias=into)
    size += linear(hidden, heads.keys * heads.width, bias=into)
    if not (mixer == FULL and fields.flag("attention_k_eq_v")):
        size += linear(hidden, heads.keys * heads.values, bias=into)
    return size + linear(inner, hidden, bias=out) + _extras(fields, hidden, heads)


def _gate_said(fields: Fields) -> bool | None:
    return fields.flag("attn_output_gate", "use_attention_gate", "attention_output_gate")


def _extras(fields: Fields, hidden: int, heads: Heads) -> int:
    """Return the gate of the output and the norms of queries and keys."""
    gate, norm = fields.family.fact("gate"), fields.family.fact("qk_norm")
    size = 0
    if gate == "values":
        size += linear(hidden, heads.queries * heads.values)
    elif gate == "heads":
        size += linear(hidden, heads.queries)
    if norm == "head":
        size += 2 * heads.width
    elif norm == "all":
        size += (heads.queries + heads.keys) * heads.width
    return size


def biases(fields: Fields) -> tuple[bool, bool]:
    """Tell whether the projections into and out of attention add a bias."""
    said = fields.flag(
        "attention_bias", "qkv_bias", "use_qkv_bias", "add_qkv_bias", "use_bias", "bias",
        "enable_bias", "linear_bias", "attn_bias",
    )  # fmt: skip
    into = fields.family.fact("qkv_bias") is True if said is None else said
    if fields.flag("no_bias"):
        return False, False
    out = fields.flag("attention_out_bias")
    known = fields.family.fact("o_bias")
    if out is None:
        out = known if isinstance(known, bool) else into
    return into, out


def latent(fields: Fields, hidden: int) -> int:
    """Return the weights of multi-head latent attention."""
    heads = fields.need(*HEADS)
    rank, rope = fields.need("kv_lora_rank"), fields.whole("qk_rope_head_dim") or 0
    plain, values = fields.need("qk_nope_head_dim"), _latent_values(fields, hidden, heads)
    queries, low = heads * (plain + rope), fields.count("q_lora_rank")
    size = linear(hidden, queries) if low is None else low * (hidden + queries + 1)
    size += hidden * (rank + rope) + rank + rank * heads * (plain + values)
    gate = fields.family.fact("gate")
    if gate == "values":
        size += linear(hidden, heads * values)
    elif gate == "heads":
        size += linear(hidden, heads)
    return size + heads * values * hidden


def _latent_values(fields: Fields, hidden: int, heads: int) -> int:
    """Return the width of values, which MiniCPM3 leaves to the width of the model."""
    return fields.count(*VALUE_DIM) or hidden // heads


def _indexer(fields: Fields, hidden: int) -> int:
    """Return what chooses the tokens to attend to in sparse attention (DeepSeek V3.2)."""
    number, width = fields.count("index_n_heads"), fields.count("index_head_dim")
    if number is None or width is None:
        return 0
    source = fields.count("q_lora_rank") or hidden
    return source * number * width + hidden * (width + number) + 2 * width
