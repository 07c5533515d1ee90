"""Decoders whose layers differ in heads and widths, listed one by one in `block_configs`.

DeciLM and the Nemotron models that were cut out of Llama by search have them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from catalog.inspectors.base import as_count
from catalog.inspectors.counting.feed import mlp
from catalog.inspectors.counting.fields import Fields, NoRuleError
from catalog.inspectors.counting.heads import is_tied, language_head
from catalog.inspectors.counting.names import HEADS, HIDDEN, VOCABULARY
from catalog.inspectors.counting.sizes import Size, linear, used

_STEP = 256  # widths of MLPs are rounded up to a multiple


def is_varied(fields: Fields) -> bool:
    """Tell whether layers are listed one by one."""
    return fields.says("block_configs")


def varied(fields: Fields, name: str) -> Size:
    """Return embeddings, the listed layers and the head."""
    hidden, heads = fields.need(*HIDDEN), fields.need(*HEADS)
    size = fields.need(*VOCABULARY) * hidden + hidden
    for attention, feed in _blocks(fields):
        size += _attention(attention, hidden, heads) + _feed(feed, hidden)
    return used(size + language_head(fields, hidden, name, tied=is_tied(fields)))


def varied_cache(fields: Fields) -> Counter[tuple[int, int | None]]:
    """Return how many of the listed layers keep so many values of a token, in such a window."""
    heads = fields.need(*HEADS)
    width = fields.need(*HIDDEN) // heads
    found: Counter[tuple[int, int | None]] = Counter()
    for attention, _ in _blocks(fields):
        if (keys := _keys(attention, heads)) is not None:
            found[2 * keys * width, as_count(attention.get("window_length"))] += 1
    return found


def key_heads(fields: Fields) -> int | None:
    """Return the heads of keys and values where all layers that have attention agree."""
    found = {_keys(attention, fields.need(*HEADS)) for attention, _ in _blocks(fields)} - {None}
    return found.pop() if len(found) == 1 else None


def _blocks(fields: Fields) -> Iterator[tuple[Mapping[str, object], Mapping[str, object]]]:
    for block in fields.series("block_configs") or ():
        if not isinstance(block, Mapping):
            raise NoRuleError("a layer is no object")
        attention, feed = block.get("attention"), block.get("ffn")
        if not isinstance(attention, Mapping) or not isinstance(feed, Mapping):
            raise NoRuleError("a layer without attention or MLP")
        yield attention, feed


def _keys(attention: Mapping[str, object], heads: int) -> int | None:
    """Return a layer's heads of keys and values; None where it has no attention."""
    if attention.get("no_op") is True or attention.get("replace_with_linear") is True:
        return None
    group = as_count(attention.get("n_heads_in_group"))
    if group is None or heads % group:
        raise NoRuleError("heads of keys and queries do not fit")
    return heads // group


def _attention(attention: Mapping[str, object], hidden: int, heads: int) -> int:
    keys = _keys(attention, heads)
    if keys is not None:
        return 2 * linear(hidden, hidden) + 2 * linear(hidden, keys * (hidden // heads)) + hidden
    return linear(hidden, hidden) + hidden if attention.get("replace_with_linear") is True else 0


def _feed(feed: Mapping[str, object], hidden: int) -> int:
    if feed.get("no_op") is True:
        return 0
    if feed.get("replace_with_linear") is True:
        return linear(hidden, hidden) + hidden
    inner, times = as_count(feed.get("intermediate_size")), feed.get("ffn_mult")
    if inner is None:
        if isinstance(times, bool) or not isinstance(times, int | float) or not 0 < times < _STEP:
            raise NoRuleError("the width of the MLP is missing")
        inner = -(-int(2 * times * hidden / 3) // _STEP) * _STEP
    return mlp(hidden, inner, gated=True) + hidden
