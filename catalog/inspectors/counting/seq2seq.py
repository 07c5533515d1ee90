"""Models with an encoder and a decoder that looks at it: in the manner of BART, and of T5."""

from __future__ import annotations

from typing import Final

from catalog.inspectors.counting.attention import Heads, biases
from catalog.inspectors.counting.decoder import norm
from catalog.inspectors.counting.feed import mlp
from catalog.inspectors.counting.fields import Fields, NoRuleError
from catalog.inspectors.counting.heads import is_tied, labels
from catalog.inspectors.counting.names import CONTEXT, HIDDEN, VOCABULARY
from catalog.inspectors.counting.products import products
from catalog.inspectors.counting.sizes import Size, linear, used

_SPEAKS: Final = (
    "ForConditionalGeneration", "MTModel", "ForCausalLM", "ForSpeechSeq2Seq", "LMHeadModel",
)  # fmt: skip
_ENCODER: Final = ("EncoderModel", "ForTokenClassification", "ForAudioClassification", "Encoder")


def bart(fields: Fields, name: str) -> Size:
    """Return an encoder and a decoder with LayerNorms, biases and tables of positions."""
    _check_tied(fields)
    hidden = fields.need(*HIDDEN)
    alone = fields.family.fact("encoder_only") or name.endswith(_ENCODER)
    size = products(fields, "also") + (0 if alone else _tables(fields, hidden, name))
    if not name.endswith("ForCausalLM"):
        size += _bart_stack(fields, hidden, "encoder", attentions=1)
    if not alone:
        size += _bart_stack(fields, hidden, "decoder", attentions=2)
    return used(size + _bart_head(fields, hidden, name))


def _check_tied(fields: Fields) -> None:
    if fields.family.fact("always_tied") and not is_tied(fields):
        raise NoRuleError("tables of tokens apart, which no published model of this type has")


def _tables(fields: Fields, hidden: int, name: str) -> int:
    """Return the tables of tokens, one for both sides where they share it."""
    vocabulary = fields.need("src_vocab_size", *VOCABULARY)
    size = vocabulary * hidden
    if fields.says("tgt_vocab_size"):
        size += fields.need("tgt_vocab_size") * hidden * (1 if is_tied(fields) else 2)
    elif not is_tied(fields) and name.endswith(_SPEAKS):
        size += vocabulary * hidden
    return size


def _bart_stack(fields: Fields, hidden: int, side: str, *, attentions: int) -> int:
    layers = fields.need(
        f"{side}_layers", f"{side}_num_hidden_layers", f"num_{side}_layers", "num_hidden_layers",
        "num_layers",
    )  # fmt: skip
    inner = fields.need(f"{side}_ffn_dim", "ffn_dim", "intermediate_size", "d_ff")
    into, _ = biases(fields)
    each = attentions * (4 * linear(hidden, hidden, bias=into) - _keyless(fields, hidden))
    each += mlp(hidden, inner, gated=False, bias=fields.family.fact("mlp_bias") is not False)
    each += (attentions + 1) * norm(fields, hidden) + products(fields, f"each_{side}")
    size = layers * each + products(fields, f"also_{side}")
    return size + _around(fields, hidden, side)


def _keyless(fields: Fields, hidden: int) -> int:
    """Return the bias that keys go without (Whisper)."""
    return hidden if fields.family.fact("keyless") else 0


def _around(fields: Fields, hidden: int, side: str) -> int:
    """Return the positions of one side and the norms before and after its layers."""
    offset, norms = fields.family.fact("positions"), fields.family.fact("norms")
    size = (norms if isinstance(norms, int) else 1) * norm(fields, hidden)
    if isinstance(offset, int):
        source = ("max_source_positions",) if side == "encoder" else ("max_target_positions",)
        rows = fields.need(*source, f"max_{side}_position_embeddings", *CONTEXT)
        size += (rows + offset) * hidden
    return size


def _bart_head(fields: Fields, hidden: int, name: str) -> int:
    if name.endswith("ForSequenceClassification"):
        return linear(hidden, hidden, bias=True) + linear(hidden, labels(fields), bias=True)
    if name.endswith("ForQuestionAnswering"):
        return linear(hidden, 2, bias=True)
    return 0


def t5(fields: Fields, name: str) -> Size:
    """Return an encoder and a decoder with RMS norms, no biases and relative positions."""
    _check_tied(fields)
    hidden = fields.need(*HIDDEN)
    heads, width = fields.need("num_heads", "num_attention_heads"), fields.need("d_kv")
    vocabulary = fields.need(*VOCABULARY)
    size = used(vocabulary * hidden + products(fields, "also"))
    size += _t5_stack(fields, hidden, Heads(heads, heads, width, width), "encoder")
    if not name.endswith(_ENCODER):
        size += _t5_stack(fields, hidden, Heads(heads, heads, width, width), "decoder")
    if name.endswith(_SPEAKS) and not is_tied(fields):
        size += used(vocabulary * hidden)
    return size + used(_t5_head(fields, hidden, name))


def _t5_stack(fields: Fields, hidden: int, heads: Heads, side: str) -> Size:
    names = ("num_decoder_layers", "num_layers") if side == "decoder" else ("num_layers",)
    layers = fields.need(*names, "num_hidden_layers")
    attentions = 2 if side == "decoder" else 1
    inner = heads.queries * heads.width
    common = attentions * 4 * hidden * inner + (attentions + 1) * hidden
    gated = fields.flag("is_gated_act") or fields.word("feed_forward_proj").startswith("gated")
    each = mlp(hidden, fields.need("d_ff"), gated=gated)
    sparse = _sparse_layers(fields, layers, side)
    experts = (fields.count("num_experts") or 0) if sparse else 0
    size = used(layers * common + (layers - sparse) * each + sparse * hidden * experts)
    size += Size(sparse * experts * each, sparse * each)
    buckets = (fields.count("relative_attention_num_buckets") or 32) * heads.queries
    return size + used(buckets * (layers if fields.family.fact("each_biased") else 1) + hidden)


def _sparse_layers(fields: Fields, layers: int, side: str) -> int:
    """Return how many layers have experts (Switch Transformers spreads them evenly)."""
    wanted = fields.whole(f"num_sparse_{side}_layers") or 0
    if not wanted or not fields.count("num_experts"):
        return 0
    step = max(layers // wanted, 1)
    return layers if step == 1 else len(range(1, layers, step))


def _t5_head(fields: Fields, hidden: int, name: str) -> int:
    if name.endswith("ForSequenceClassification"):
        return linear(hidden, hidden, bias=True) + linear(hidden, labels(fields), bias=True)
    if name.endswith(("ForTokenClassification", "ForQuestionAnswering")):
        return linear(hidden, labels(fields), bias=True)
    return 0
