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
_SOUND: Final = ("num_mel_bins", "input_feat_per_channel")  # no tokens go into the encoder
_MATTERS: Final = 0.02
_ENCODER: Final = ("EncoderModel", "ForTokenClassification", "ForAudioClassification", "Encoder")


def bart(fields: Fields, name: str) -> Size:
    """Return an encoder and a decoder with LayerNorms, biases and tables of positions."""
    hidden = fields.need(*HIDDEN)
    alone = fields.family.fact("encoder_only") or name.endswith(_ENCODER)
    size = used(products(fields, "also") + (0 if alone else _rows(fields, name) * hidden))
    if not name.endswith("ForCausalLM"):
        size += _bart_stack(fields, hidden, "encoder", attentions=1)
    if not alone:
        size += _bart_stack(fields, hidden, "decoder", attentions=2)
    return size + used(_bart_head(fields, hidden, name))


def _rows(fields: Fields, name: str) -> int:
    """Return the rows of all tables of tokens, as today's classes make them.

    Tied, both sides and the head use one. Apart, each side and the head has its own beside one
    for all, unless the configuration says that there is none for all.
    """
    source = fields.need("src_vocab_size", *VOCABULARY)
    target = fields.count("tgt_vocab_size", "decoder_vocab_size") or source
    tied = is_tied(fields) and not name.endswith(_own_heads(fields))
    head = 0 if tied or not name.endswith(_SPEAKS) else target
    if name.endswith("ForCausalLM") or fields.says(*_SOUND):
        beside = source if fields.family.fact("shared_always") and not tied else 0
        return beside + target + head
    if fields.flag("share_encoder_decoder_embeddings") is False:
        return source + target + head
    if tied:
        return source
    return source + target + head + (0 if fields.says("src_vocab_size") else source)


def _own_heads(fields: Fields) -> tuple[str, ...]:
    """Return the classes whose head is never the table of tokens."""
    known = fields.family.fact("own_head")
    return tuple(known) if isinstance(known, list) else ()


def _bart_stack(fields: Fields, hidden: int, side: str, *, attentions: int) -> Size:
    layers = fields.need(
        f"{side}_layers", f"{side}_num_hidden_layers", f"num_{side}_layers", "num_hidden_layers",
        "num_layers",
    )  # fmt: skip
    inner = fields.need(f"{side}_ffn_dim", "ffn_dim", "intermediate_size", "d_ff")
    into, _ = biases(fields)
    common = attentions * (4 * linear(hidden, hidden, bias=into) - _keyless(fields, hidden))
    common += (attentions + 1) * norm(fields, hidden) + products(fields, f"each_{side}")
    each = mlp(hidden, inner, gated=False, bias=fields.family.fact("mlp_bias") is not False)
    step = fields.count(f"{side}_sparse_step") if fields.count("num_experts") else None
    sparse = layers // step if step else 0
    feeds = used((layers - sparse) * each) + _experts(fields, hidden, each).times(sparse)
    around = products(fields, f"also_{side}") + _around(fields, hidden, side)
    return feeds + used(layers * common + around)


def _experts(fields: Fields, hidden: int, each: int) -> Size:
    """Return router and experts of a layer; a token uses one, or two where NLLB routes it."""
    number = fields.count("num_experts")
    if number is None:
        return Size()
    chosen = min(2 if fields.says("second_expert_policy") else 1, number)
    return Size(number * each, chosen * each) + used(linear(hidden, number))


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
    hidden = fields.need(*HIDDEN)
    heads, width = fields.need("num_heads", "num_attention_heads"), fields.need("d_kv")
    vocabulary = fields.need(*VOCABULARY)
    size = used(vocabulary * hidden + products(fields, "also"))
    size += _t5_stack(fields, hidden, Heads(heads, heads, width, width), "encoder")
    if not name.endswith(_ENCODER):
        size += _t5_stack(fields, hidden, Heads(heads, heads, width, width), "decoder")
    size += used(_t5_head(fields, hidden, name))
    if name.endswith(_ENCODER) or is_tied(fields):
        return size
    if not fields.family.fact("always_tied"):
        return size + used((3 if name.endswith(_SPEAKS) else 2) * vocabulary * hidden)
    return _alike(size, vocabulary * hidden) if name.endswith(_SPEAKS) else size


def _alike(size: Size, head: int) -> Size:
    """Return a size where a head of its own would not matter.

    Files of T5 1.1 and mT5 ask for one and their weights hold it; today's classes never have it.
    """
    if head > _MATTERS * size.total:
        raise NoRuleError("whether the head is the table of tokens cannot be told")
    return size


def _t5_stack(fields: Fields, hidden: int, heads: Heads, side: str) -> Size:
    names = ("num_decoder_layers", "num_layers") if side == "decoder" else ("num_layers",)
    layers = fields.need(*names, "num_hidden_layers")
    attentions = 2 if side == "decoder" else 1
    inner = heads.queries * heads.width
    common = attentions * 4 * hidden * inner + (attentions + 1) * hidden
    each = mlp(hidden, fields.need("d_ff"), gated=_is_gated(fields))
    sparse = _sparse_layers(fields, layers, side)
    size = used(layers * common + (layers - sparse) * each)
    size += _experts(fields, hidden, each).times(sparse)
    buckets = (fields.count("relative_attention_num_buckets") or 32) * heads.queries
    return size + used(buckets * (layers if fields.family.fact("each_biased") else 1) + hidden)


def _is_gated(fields: Fields) -> bool:
    said = fields.flag("is_gated_act")
    return fields.word("feed_forward_proj").startswith("gated") if said is None else said


def _sparse_layers(fields: Fields, layers: int, side: str) -> int:
    """Return how many layers have experts (Switch Transformers spreads them evenly)."""
    if not fields.count("num_experts"):
        return 0
    wanted = fields.whole(f"num_sparse_{side}_layers") or 1
    step = fields.count(f"{side}_sparse_step") or max(layers // wanted, 1)
    return layers if step == 1 else len(range(1, layers, step))


def _t5_head(fields: Fields, hidden: int, name: str) -> int:
    if name.endswith("ForSequenceClassification"):
        return linear(hidden, hidden, bias=True) + linear(hidden, labels(fields), bias=True)
    if name.endswith(("ForTokenClassification", "ForQuestionAnswering")):
        return linear(hidden, labels(fields), bias=True)
    return 0
