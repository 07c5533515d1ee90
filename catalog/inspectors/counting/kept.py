"""Which layers keep keys and values, and how many numbers of each token."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from catalog.inspectors.counting.attention import heads_of, is_latent
from catalog.inspectors.counting.fields import Fields, NoRuleError, architecture, fields_of
from catalog.inspectors.counting.layers import (
    COMPRESSED,
    CROSS,
    KEEPS_CACHE,
    depth,
    mixers,
    window_of,
)
from catalog.inspectors.counting.names import HIDDEN, VOCABULARY
from catalog.inspectors.counting.shape import text_part
from catalog.inspectors.counting.sizes import LARGEST
from catalog.inspectors.counting.statespace import hybrids
from catalog.inspectors.counting.unlike import makes
from catalog.inspectors.counting.varied import is_varied, varied_cache
from registry.configs.cache import CacheLayers

Kept = Counter[tuple[int, int | None]]  # layers by what each keeps, and for how long
_KEEPS_NOTHING = frozenset(
    {
        "encoder",
        "vit",
        "wav2vec2",
        "swin",
        "convnext",
        "resnet",
        "regnet",
        "hgnet",
        "named",
        "mobilenet",
        "mobilenet_second",
        "efficientnet",
        "encodec",
        "rwkv",
        "xlstm",
        "vae",
        "unet",
        "controlnet",
    }
)
_SENSES = ("patch_size", "image_size", "num_mel_bins")


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
        return _of_rule(fields, whole)
    except NoRuleError:
        return None


def _of_rule(fields: Fields, whole: Fields) -> tuple[CacheLayers, ...]:
    rule = fields.family.rule
    if rule == "encoder" and fields.flag("is_decoder"):  # it is to read from left to right
        return _layers(Counter({(heads_of(fields).cached, None): depth(fields)}))
    if rule in _KEEPS_NOTHING or architecture(whole).endswith("ForMaskedLM"):
        return ()
    if rule in _BY_RULE:
        return _BY_RULE[rule](fields)
    if rule == "none" or (not rule and not _speaks(fields, whole)):
        raise NoRuleError(f"no rule for {fields.kind}")
    return _decoder(fields, _picture(whole))


def _listed(fields: Fields) -> tuple[CacheLayers, ...]:
    """Return what a model whose layers are only listed keeps: nothing where it has no words."""
    if not fields.family.fact("heads") or not fields.says(*VOCABULARY):
        return ()
    if fields.says("decoder_layers") and fields.says("decoder_attention_heads"):
        return _two_sided(fields)
    raise NoRuleError(f"no rule for {fields.kind}")


def _speaks(fields: Fields, whole: Fields) -> bool:
    """Tell whether an unknown model type looks like one of language."""
    words = fields.says(*VOCABULARY) or whole.says(*VOCABULARY)
    return words and not any(name in fields.given for name in _SENSES)


def _zamba(fields: Fields) -> tuple[CacheLayers, ...]:
    """Return the attention that layers share; each keeps its own, twice as wide as the model."""
    number, heads = hybrids(fields, depth(fields)), fields.need("num_attention_heads")
    width = fields.count("attention_head_dim") or 2 * fields.need(*HIDDEN) // heads
    keys = fields.count("num_key_value_heads") or heads
    return _layers(Counter({(2 * keys * width, None): number}) if number else Counter())


def _decoder(fields: Fields, picture: int | None) -> tuple[CacheLayers, ...]:
    found: Kept = Counter()
    for part, mixer, number in _kept(fields):
        if mixer == COMPRESSED:
            raise NoRuleError("how much compressed attention keeps grows by steps")
        if mixer == CROSS and number and picture:
            found[_values(part, mixer), picture] += number
        if number and mixer in KEEPS_CACHE:
            found[_values(part, mixer), window_of(part, mixer)] += number
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


def _kept(fields: Fields) -> Iterator[tuple[Fields, str, int]]:
    """Yield the makes of layers that keep something of their own, and how many there are."""
    shared = fields.count("num_kv_shared_layers")
    if shared is not None:
        for mixer, number in Counter(mixers(fields, depth(fields))[:-shared]).items():
            yield fields, mixer, number
        return
    across = fields.count("cla_share_factor") if fields.flag("use_cla") else None
    for part, (mixer, _), number in makes(fields):
        yield part, mixer, -(-number // (across or 1))


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


_BY_RULE: Mapping[str, Callable[[Fields], tuple[CacheLayers, ...]]] = {
    "bart": _two_sided,
    "t5": _two_sided,
    "sum": _listed,
    "zamba": _zamba,
}
