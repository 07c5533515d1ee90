"""Language models without attention, or with one attention that many layers share."""

from __future__ import annotations

from catalog.inspectors.counting import recurrent
from catalog.inspectors.counting.fields import Fields, NoRuleError
from catalog.inspectors.counting.heads import is_tied, language_head
from catalog.inspectors.counting.layers import LINEAR, depth
from catalog.inspectors.counting.names import HIDDEN, VOCABULARY
from catalog.inspectors.counting.sizes import Size, linear, used


def rwkv(fields: Fields, name: str) -> Size:
    """Return RWKV-4 (arXiv 2305.13048): time mixing and channel mixing."""
    hidden = fields.need(*HIDDEN)
    width = fields.count("attention_hidden_size") or hidden
    inner = fields.count("intermediate_size") or 4 * hidden
    mixing = 3 * hidden * width + width * hidden + 2 * width + 3 * hidden
    feeding = 2 * hidden * inner + hidden * hidden + 2 * hidden
    size = depth(fields) * (mixing + feeding + 4 * hidden) + 4 * hidden
    return _with_words(fields, name, size)


def xlstm(fields: Fields, name: str) -> Size:
    """Return the matrix memories of xLSTM-7B (arXiv 2503.13427)."""
    hidden, heads = fields.need("hidden_size", "embedding_dim"), fields.need("num_heads")
    keys = int(hidden * (fields.ratio("qk_dim_factor") or 1))
    values = int(hidden * (fields.ratio("v_dim_factor") or 1))
    step = fields.count("ffn_round_up_to_multiple_of") or 1
    inner = -(-int(hidden * (fields.ratio("ffn_proj_factor") or 1)) // step) * step
    mixing = hidden * (2 * keys + 3 * values) + 2 * linear(hidden, heads, bias=True) + values
    size = depth(fields) * (mixing + 3 * hidden * inner + 2 * hidden) + hidden
    return _with_words(fields, name, size)


def zamba(fields: Fields, name: str) -> Size:
    """Return Zamba (arXiv 2405.16712): state spaces, and attention and MLP of few copies.

    The copies see a layer's input beside that of the model, so they are twice as wide.
    """
    if not is_tied(fields):
        raise NoRuleError("no published model of this type has tables of tokens apart")
    hidden, number = fields.need(*HIDDEN), depth(fields)
    users = hybrids(fields, number)
    size = number * (recurrent.mixer(fields, hidden, LINEAR) + hidden) + users * hidden * hidden
    wide, inner = 2 * hidden, fields.need("intermediate_size")
    copies = fields.count("num_mem_blocks") or 1
    shared = 3 * wide * wide + wide * hidden + 3 * hidden * inner + wide + hidden
    rank = fields.count("adapter_rank") or 0
    adapters = rank * (hidden + 2 * inner)
    return _with_words(fields, name, size + copies * shared + users * adapters + hidden)


def hybrids(fields: Fields, number: int) -> int:
    """Return how many layers use the shared attention."""
    listed = fields.series("hybrid_layer_ids")
    if listed is not None:
        return min(len(listed), number)
    kinds = fields.series("layers_block_type")
    if kinds is not None and len(kinds) == number:
        return sum(1 for kind in kinds if kind == "hybrid")
    raise NoRuleError("which layers use the shared attention is not said")


def _with_words(fields: Fields, name: str, size: int) -> Size:
    hidden = fields.need(*HIDDEN)
    size += fields.need(*VOCABULARY) * hidden
    return used(size + language_head(fields, hidden, name, tied=is_tied(fields)))
