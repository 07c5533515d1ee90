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
    number = fields.count("num_blocks") or depth(fields)
    size = number * (mixing + 3 * hidden * inner + 2 * hidden) + hidden
    tables = _with_words(fields, name, size)
    width = fields.count("embedding_dim") or hidden
    return tables + used(fields.need(*VOCABULARY) * (width - hidden))


def zamba(fields: Fields, name: str) -> Size:
    """Return Zamba (arXiv 2405.16712): state spaces, and attention and MLP of few copies.

    The copies see a layer's input beside that of the model, so they are twice as wide. A copy has
    an adapter for each layer that uses it; untied, each of these layers has the copy to itself.
    """
    hidden, number = fields.need(*HIDDEN), depth(fields)
    users = hybrids(fields, number)
    size = number * (recurrent.mixer(fields, hidden, LINEAR) + hidden) + users * hidden * hidden
    wide = fields.count("attention_hidden_size") or 2 * hidden
    inner = fields.need("intermediate_size")
    copies = min(fields.count("num_mem_blocks") or 1, users)
    shared = _attention(fields, wide, hidden) + 3 * hidden * inner + wide + hidden
    adapter = (fields.count("adapter_rank") or 0) * (hidden + 2 * inner)
    adapters = users
    if not is_tied(fields):
        adapters = sum(len(range(i, users, copies)) ** 2 for i in range(copies))
        copies = users
    return _with_words(fields, name, size + copies * shared + adapters * adapter + hidden)


def _attention(fields: Fields, wide: int, hidden: int) -> int:
    heads = fields.need("num_attention_heads")
    width = fields.count("attention_head_dim") or wide // heads
    keys = fields.count("num_key_value_heads") or heads
    return wide * width * (heads + 2 * keys) + heads * width * hidden


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
