"""Text encoders in the manner of BERT: every token sees all others."""

from __future__ import annotations

from typing import Final

from catalog.inspectors.counting.attention import projections
from catalog.inspectors.counting.decoder import norm
from catalog.inspectors.counting.feed import inner_size, is_gated, mlp
from catalog.inspectors.counting.fields import Fields
from catalog.inspectors.counting.heads import is_tied, labels
from catalog.inspectors.counting.layers import stacked
from catalog.inspectors.counting.names import CONTEXT, HIDDEN, LAYERS, VOCABULARY
from catalog.inspectors.counting.products import of_class, products, replaces
from catalog.inspectors.counting.sizes import Size, linear, used

_WORDS: Final = (
    "ForMaskedLM", "ForPreTraining", "LMHeadModel", "ForCausalLM", "WithLMHeadModel",
    "GenerationDecoder",
)  # fmt: skip
_CLASSES: Final = ("ForSequenceClassification", "ForMultipleChoice")


def encoder(fields: Fields, name: str) -> Size:
    """Return embeddings, layers and what the class adds."""
    hidden = fields.need(*HIDDEN)
    size = embeddings(fields, hidden) + products(fields, "also")
    size += layers_of(fields) * layer(fields, hidden)
    return used(size + _head(fields, hidden, name) + of_class(fields, name))


def layers_of(fields: Fields) -> int:
    """Return the number of layers with weights of their own (ALBERT has groups that share)."""
    groups = fields.count("num_hidden_groups")
    if groups is not None:
        return groups * (fields.count("inner_group_num") or 1)
    return stacked(fields) or fields.need(*LAYERS)


def embeddings(fields: Fields, hidden: int) -> int:
    """Return the tables of tokens, positions and segments with their normalization."""
    width = embedding_width(fields, hidden)
    rows = fields.need(*VOCABULARY) + (fields.whole("type_vocab_size") or 0)
    positions = fields.family.fact("positions")
    if isinstance(positions, int):
        rows += fields.need(*CONTEXT) + positions
    size = rows * width + (0 if fields.family.fact("bare") else norm(fields, width))
    return size + (linear(width, hidden, bias=True) if width != hidden else 0)


def embedding_width(fields: Fields, hidden: int) -> int:
    """Return the width of the tables, which a projection may widen."""
    return fields.count("embedding_size", "input_embedding_size") or hidden


def layer(fields: Fields, hidden: int) -> int:
    """Return one layer."""
    size = _attention(fields, hidden) + _feed(fields, hidden)
    if fields.flag("add_cross_attention") and fields.flag("is_decoder"):
        size += projections(fields, hidden) + norm(fields, hidden)
    known = fields.family.fact("norms")
    norms = known if isinstance(known, int) else 2
    return size + norms * norm(fields, hidden) + products(fields, "each")


def _attention(fields: Fields, hidden: int) -> int:
    if replaces(fields, "attention"):
        return products(fields, "attention")
    return projections(fields, hidden)


def _feed(fields: Fields, hidden: int) -> int:
    if replaces(fields, "feed"):
        return products(fields, "feed")
    bias = fields.family.fact("mlp_bias") is True
    return mlp(hidden, inner_size(fields, hidden), gated=is_gated(fields), bias=bias)


def _head(fields: Fields, hidden: int, name: str) -> int:
    pooler = fields.family.fact("pooler")
    size = linear(hidden, hidden, bias=True) if _pools(name, pooler) else 0
    if name.endswith(_WORDS):
        return size + _words(fields, hidden, name)
    if name.endswith("ForMultipleChoice"):
        return size + linear(hidden, 1, bias=True)
    if name.endswith(("ForSequenceClassification", "ForTokenClassification")):
        return size + linear(hidden, labels(fields), bias=True)
    if name.endswith(("ForQuestionAnswering", "ForNextSentencePrediction")):
        return size + linear(hidden, 2, bias=True)
    return size


def _pools(name: str, pooler: object) -> bool:
    """Tell whether the class has a dense layer over the first token."""
    if pooler in {"always", "never"}:
        return pooler == "always"
    if name.endswith((*_CLASSES, "ForNextSentencePrediction")):
        return pooler in {"model", "class"}
    if name.endswith("ForPreTraining"):
        return pooler == "model"
    whole = not name or name.endswith(("Model", "Encoder"))
    return whole and pooler == "model"


def _words(fields: Fields, hidden: int, name: str) -> int:
    """Return the transformation before the table of tokens, which is used again, and a bias."""
    if fields.family.fact("discriminates") and name.endswith("ForPreTraining"):
        return linear(hidden, hidden, bias=True) + linear(hidden, 1, bias=True)
    vocabulary, own = fields.need(*VOCABULARY), fields.count("output_embedding_size")
    width = own or embedding_width(fields, hidden)
    tied = own is None and is_tied(fields)
    size = 0
    if fields.family.fact("transform") is not False:
        size = linear(hidden, width, bias=True) + norm(fields, width)
    if name.endswith("ForPreTraining"):
        size += linear(hidden, 2, bias=True)
    bias = 0 if fields.family.fact("transform_only") else vocabulary
    return size + bias + (0 if tied else linear(width, vocabulary))
