"""Language models that read from left to right."""

from __future__ import annotations

from catalog.inspectors.counting import recurrent
from catalog.inspectors.counting.attention import heads_of, projections
from catalog.inspectors.counting.feed import chosen_of, dense, sparse
from catalog.inspectors.counting.fields import Fields
from catalog.inspectors.counting.layers import (
    ATTENDS,
    DENSE,
    NONE,
    SPARSE,
    Block,
    depth,
    mixers,
)
from catalog.inspectors.counting.names import CONTEXT, HIDDEN, VOCABULARY
from catalog.inspectors.counting.products import products, replaces
from catalog.inspectors.counting.sizes import Size, used
from catalog.inspectors.counting.unlike import makes


def decoder(fields: Fields) -> Size:
    """Return embeddings and layers, without a head."""
    hidden = fields.need(*HIDDEN)
    size = used(embeddings(fields, hidden) + norm(fields, hidden) + products(fields, "also"))
    for part, block, number in makes(fields):
        size += _layer(part, hidden, block).times(number)
    return size + used(_sharing(fields, hidden))


def _sharing(fields: Fields, hidden: int) -> int:
    """Return what the last layers have less, using keys and values of others, or more instead."""
    shared = fields.count("num_kv_shared_layers")
    if shared is None:
        return 0
    size = 0
    for mixer in mixers(fields, depth(fields))[-shared:]:
        size -= hidden * heads_of(fields, mixer).cached
    if fields.flag("use_double_wide_mlp"):
        size += shared * dense(fields, hidden).total
    return size


def embeddings(fields: Fields, hidden: int) -> int:
    """Return the tables of tokens and of learned positions."""
    width = fields.count("word_embed_proj_dim", "embedding_size") or hidden
    size = fields.need(*VOCABULARY) * width
    if width != hidden:
        size += 2 * width * hidden
    extra = fields.family.fact("positions")
    if isinstance(extra, int):
        size += (fields.need(*CONTEXT) + extra) * hidden
    return size


def norm(fields: Fields, hidden: int) -> int:
    """Return one normalization: a scale, and a shift where it is a LayerNorm."""
    return hidden * (2 if fields.family.fact("shift") else 1)


def _attention(fields: Fields, hidden: int, mixer: str) -> Size:
    """Return one attention, whose projections may be experts among which tokens choose."""
    if not replaces(fields, "attention"):
        return used(projections(fields, hidden, mixer))
    each = products(fields, "attention_expert")
    return used(products(fields, "attention")) + (chosen_of(fields, each) if each else Size())


def _layer(fields: Fields, hidden: int, block: Block) -> Size:
    mixer, feed = block
    size = Size()
    if mixer in ATTENDS:
        size += _attention(fields, hidden, mixer)
    elif mixer != NONE:
        size += used(recurrent.mixer(fields, hidden, mixer))
    if replaces(fields, "feed"):
        size += used(products(fields, "feed"))
    elif feed == DENSE:
        size += dense(fields, hidden)
    elif feed == SPARSE:
        size += sparse(fields, hidden)
    known = fields.family.fact("norms")
    usual = 2 if NONE not in block else 1
    size += used(products(fields, "each"))
    return size + used(norm(fields, hidden) * (known if isinstance(known, int) else usual))
