"""The shape of a model's language part, in one set of words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from catalog.inspectors.base import as_text
from catalog.inspectors.counting import names
from catalog.inspectors.counting.attention import heads_of, is_latent, key_heads_of
from catalog.inspectors.counting.families import family_of
from catalog.inspectors.counting.fields import Fields, NoRuleError, fields_of
from catalog.inspectors.counting.layers import depth, has_experts
from catalog.inspectors.counting.varied import is_varied, key_heads

_T = TypeVar("_T")
_FURTHEST = 1024  # no model was made longer by more


@dataclass(frozen=True, slots=True)
class TextShape:
    """Layers, widths and heads; None where the configuration neither says nor implies it.

    `context` is the number of positions as the configuration gives it (RoBERTa and its kin keep
    two of them for padding). `latent` and those after it are the sizes of latent attention.
    """

    layers: int | None = None
    hidden: int | None = None
    heads: int | None = None
    kv_heads: int | None = None
    head_dim: int | None = None
    intermediate: int | None = None
    vocabulary: int | None = None
    context: int | None = None
    window: int | None = None
    experts: int | None = None
    active_experts: int | None = None
    shared_experts: int | None = None
    latent: int | None = None
    query_latent: int | None = None
    rope_head_dim: int | None = None
    plain_head_dim: int | None = None
    value_head_dim: int | None = None


def text_part(fields: Fields) -> Fields:
    """Return the language part, however deep; the whole where nothing that has a shape is nested.

    A part of a type that nobody knows has the shape that it says, not that of the usual part.
    """
    inner = fields.part(*names.TEXT_PARTS)
    if inner is None and not fields.says(*names.LAYERS, *names.HIDDEN, *names.CONTEXT):
        inner = fields.part(*names.WRITING_PARTS)
    if inner is None or (not _is_described(inner) and _is_described(fields)):
        return fields
    return text_part(inner)


def _is_described(fields: Fields) -> bool:
    """Tell whether a part says how deep it is, or has a language part of its own."""
    if _is_strange(fields):
        return any(name in fields.given for name in names.LAYERS)
    return _quiet(lambda: depth(fields)) is not None or _has_text(fields)


def _is_strange(fields: Fields) -> bool:
    own = as_text(fields.given.get("model_type"))
    return own not in ("", fields.kind) and not family_of(own).known


def _has_text(fields: Fields) -> bool:
    return any(isinstance(fields.raw(name), Mapping) for name in names.TEXT_PARTS)


def text_shape(config: Mapping[str, object]) -> TextShape:
    """Read the shape of the language part; a value that is no count is unknown, not an error."""
    whole = fields_of(config)
    try:
        part = text_part(whole)
    except NoRuleError:
        return TextShape()
    heads = _quiet(lambda: part.count(*names.HEADS))
    experts = _quiet(lambda: has_experts(part)) is True
    return TextShape(
        layers=_quiet(lambda: depth(part)) or _quiet(lambda: _stages(part)),
        hidden=_quiet(lambda: part.count(*names.HIDDEN)),
        heads=heads,
        kv_heads=_quiet(lambda: _key_heads(part)),
        head_dim=_quiet(lambda: _head_dim(part, heads)),
        intermediate=_quiet(lambda: part.count(*names.INNER)),
        vocabulary=_either(part, whole, names.VOCABULARY),
        context=_context(part) or _context(whole),
        window=_quiet(lambda: _window(part)),
        experts=_in_part(part, names.EXPERTS) if experts else None,
        active_experts=_in_part(part, names.ACTIVE_EXPERTS) if experts else None,
        shared_experts=_quiet(lambda: part.count(*names.SHARED_EXPERTS)) if experts else None,
        latent=_quiet(lambda: part.count("kv_lora_rank")),
        query_latent=_quiet(lambda: part.count("q_lora_rank")),
        rope_head_dim=_quiet(lambda: part.count("qk_rope_head_dim")),
        plain_head_dim=_quiet(lambda: part.count("qk_nope_head_dim")),
        value_head_dim=_quiet(lambda: part.count(*names.VALUE_DIM)),
    )


def _quiet(read: Callable[[], _T]) -> _T | None:
    """Return what is read, and None for what a configuration has wrong."""
    try:
        return read()
    except NoRuleError:
        return None


def _either(part: Fields, whole: Fields, words: tuple[str, ...]) -> int | None:
    return _quiet(lambda: part.count(*words)) or _quiet(lambda: whole.count(*words))


def _in_part(part: Fields, words: tuple[str, ...]) -> int | None:
    inner = _quiet(lambda: part.part("ffn_config"))
    return _quiet(lambda: part.count(*words)) or (
        None if inner is None else _quiet(lambda: inner.count(*words))
    )


def _head_dim(part: Fields, heads: int | None) -> int | None:
    """Return the width of a head as said; latent attention has several, and says none of them."""
    if not is_latent(part):
        return heads_of(part).width
    told, hidden = part.count(*names.HEAD_DIM), part.count(*names.HIDDEN)
    if told is not None or hidden is None or heads is None:
        return told
    return hidden // heads if hidden % heads == 0 else None


def _key_heads(part: Fields) -> int | None:
    """Return the heads of keys and values as said, whatever else of attention is not."""
    if is_varied(part):
        return key_heads(part)
    return key_heads_of(part, part.count(*names.HEADS) or 0) or None


def _stages(part: Fields) -> int | None:
    """Return the number of stages, which is what ConvNeXt and SegFormer call their layers."""
    return part.count("num_stages", "num_encoder_blocks")


def _window(part: Fields) -> int | None:
    if part.flag("use_sliding_window") is False:
        return None
    value = part.raw(*names.WINDOW)
    return part.count(*names.WINDOW) if isinstance(value, int) and value > 0 else None


def _context(fields: Fields) -> int | None:
    """Return the number of positions, stretched where YaRN is asked to and it is left as it was.

    Files that were made longer say so in both places; Qwen's guide has people add the second
    alone, and then positions equal `original_max_position_embeddings`. Command R's file gives as
    positions what one implementation had room for, and what was trained as `model_max_length`;
    llama.cpp's converter reads it so too. Rotary positions have no table that would end before.
    """
    told = _quiet(lambda: fields.count(*names.CONTEXT))
    if told is None:
        return None
    if fields.says("rope_theta"):
        trained = _quiet(lambda: fields.count("model_max_length")) or 0
        told = trained if told < trained <= told * _FURTHEST else told
    stretch = fields.raw("rope_scaling", "rope_parameters")
    if not isinstance(stretch, Mapping) or stretch.get("original_max_position_embeddings") != told:
        return told
    kind, factor = stretch.get("rope_type", stretch.get("type")), stretch.get("factor")
    if kind != "yarn" or isinstance(factor, bool) or not isinstance(factor, int | float):
        return told
    return int(told * factor) if 1 <= factor <= _FURTHEST else told
