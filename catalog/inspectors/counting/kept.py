"""Which layers keep keys and values, and how many numbers of each token."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from catalog.inspectors.counting.attention import heads_of, is_latent
from catalog.inspectors.counting.fields import Fields, NoRuleError, fields_of
from catalog.inspectors.counting.layers import (
    CROSS,
    KEEPS_CACHE,
    blocks,
    depth,
    mixers,
    window_of,
)
from catalog.inspectors.counting.names import HIDDEN
from catalog.inspectors.counting.shape import text_part
from catalog.inspectors.counting.sizes import LARGEST
from catalog.inspectors.counting.varied import is_varied, varied_cache
from registry.configs.cache import CacheLayers

Kept = Counter[tuple[int, int | None]]  # layers by what each keeps, and for how long
_SEES_ALL = frozenset({"encoder", "vit", "wav2vec2"})
_TWO_SIDED = frozenset({"bart", "t5"})


def cache(config: Mapping[str, object]) -> tuple[CacheLayers, ...] | None:
    """Return the layers that keep something of each token; () for models that keep nothing.

    None where no rule tells. Layers with a state of constant size, those that use the keys and
    values of others, and those that look at pictures do not appear.
    """
    try:
        whole = fields_of(config)
        fields = text_part(whole)
        if is_varied(fields):
            return _layers(varied_cache(fields))
        if fields.family.rule in _SEES_ALL:
            return ()
        if fields.family.rule in _TWO_SIDED:
            return _two_sided(fields)
        return _decoder(fields, _picture(whole))
    except NoRuleError:
        return None


def _decoder(fields: Fields, picture: int | None) -> tuple[CacheLayers, ...]:
    found: Kept = Counter()
    for mixer, number in _kept(fields).items():
        if mixer == CROSS and number and picture:
            found[_values(fields, mixer), picture] += number
        if number and mixer in KEEPS_CACHE:
            found[_values(fields, mixer), window_of(fields, mixer)] += number
    return _layers(found)


def _layers(found: Kept) -> tuple[CacheLayers, ...]:
    if any(values > LARGEST for values, _ in found):
        raise NoRuleError("heads wider than any model has")
    return tuple(
        CacheLayers(layers=number, values_per_token=values, window=window)
        for (values, window), number in found.items()
    )


def _picture(whole: Fields) -> int | None:
    """Return the most tokens of a picture, which is all that attention to pictures keeps."""
    vision = whole.part("vision_config")
    tiles = vision.count("max_num_tiles") if vision else None
    if vision is None or tiles is None:
        return None
    return tiles * ((vision.side("image_size") // vision.side("patch_size")) ** 2 + 1)


def _kept(fields: Fields) -> Counter[str]:
    """Return how many layers of each make keep something of their own."""
    shared = fields.count("num_kv_shared_layers")
    if shared is not None:
        return Counter(mixers(fields, depth(fields))[:-shared])
    found: Counter[str] = Counter()
    for (mixer, _), number in blocks(fields).items():
        found[mixer] += number
    return found


def _values(fields: Fields, mixer: str) -> int:
    if is_latent(fields):
        return fields.need("kv_lora_rank") + (fields.whole("qk_rope_head_dim") or 0)
    return heads_of(fields, mixer).cached


def _two_sided(fields: Fields) -> tuple[CacheLayers, ...]:
    """Return the decoder's attention to its own tokens; that to the encoder does not grow."""
    if fields.family.fact("encoder_only"):
        return ()
    layers = fields.need("decoder_layers", "num_decoder_layers", "num_layers", "num_hidden_layers")
    hidden, width = fields.need(*HIDDEN), fields.count("d_kv")
    inner = hidden if width is None else width * fields.need("num_heads")
    return _layers(Counter({(2 * inner, None): layers}))
