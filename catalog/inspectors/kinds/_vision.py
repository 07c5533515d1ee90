"""The part of a language model that sees, and how many tokens a picture becomes."""

from __future__ import annotations

import re
from typing import Final

from catalog.inspectors.base import JsonObject, as_count, as_number, as_object, as_text, first_count
from catalog.inspectors.kinds._processors import picture_side, side_of
from catalog.inspectors.senses import vision_part
from catalog.inspectors.transformers_config import HIDDEN, language_part

LAYERS: Final = (
    "num_hidden_layers", "depth", "layers", "n_layers", "num_layers", "vt_num_hidden_layers",
    "encoder_layers",
)  # fmt: skip
# `hidden_size` of Qwen2-VL and its heirs is the width that goes out: `embed_dim` is that inside.
WIDTHS: Final = (
    "vt_hidden_size", "embed_dim", "hidden_size", "width", "d_model", "dim", "image_dim_out",
)  # fmt: skip
_PATCHES: Final = ("patch_size", "spatial_patch_size", "vision_patch_size")
_SIDES: Final = ("image_size", "img_size", "image_resolution", "input_size", "crop_size")
# Numbers of tokens that are said outright, by the model and then by the processor.
_TOLD: Final = (
    "mm_tokens_per_image", "vision_soft_tokens_per_image", "num_query_tokens", "num_image_tokens",
    "image_seq_length", "image_seq_len", "latent_query_num",
)  # fmt: skip
# Where one of these is set a picture is cut into tiles, or kept at its own size.
_DYNAMIC: Final = (
    "dynamic_image_size", "use_hd_transform", "image_grid_pinpoints", "do_image_splitting",
    "crop_to_patches", "do_pan_and_scan", "slice_mode", "slice_config", "max_num_tiles",
    "candidate_resolutions", "min_pixels", "max_pixels", "max_patches", "max_image_tiles",
    "max_soft_tokens", "spatial_merge_size", "merge_kernel_size", "pixel_shuffle_ratio",
    "supported_aspect_ratios", "pooling_kernel_size", "downsample_factor",
)  # fmt: skip
# Tiles are the rule with these, unless it is said that there are none.
_TILED: Final = {"downsample_ratio": "dynamic_image_size", "scale_factor": "do_image_splitting"}
_ROTARY: Final = "rope_theta"  # places that are turned, not learned, fit a picture of any size
_EDGES: Final = frozenset({"shortest_edge", "longest_edge", "min_pixels", "max_pixels"})
_PLAIN_PROJECTOR = re.compile(r"linear|mlp\d+x_gelu|identity")
_FIXED_MODES: Final = ("", "pad", "square")


def vision_encoder(config: JsonObject, part: JsonObject, processor: JsonObject) -> JsonObject:
    """Return `VisionEncoder`; sizes that only the processor knows are taken from there."""
    side = _first_side(part, _SIDES) or picture_side(processor)
    patch = _first_side(part, _PATCHES)
    return {
        "image_size": side,
        "patch_size": patch,
        "num_layers": encoder_layers(part),
        "hidden_size": encoder_width(part, language_part(config)),
        "tokens_per_image": tokens_per_image(config, part, processor, side, patch),
    }


def _first_side(part: JsonObject, names: tuple[str, ...]) -> int | None:
    sides = (side_of(part.get(name)) for name in names)
    return next((side for side in sides if side), None)


def is_told(config: JsonObject, encoder: JsonObject) -> bool:
    """Tell whether a processor could say nothing more about pictures."""
    part = vision_part(config) or {}
    return _is_free(config, part, {}) or all(
        encoder.get(name) for name in ("image_size", "tokens_per_image")
    )


def encoder_layers(part: JsonObject) -> int | None:
    """Return the layers of an encoder; those of all stages where it has several."""
    depths = part.get("depths")
    if isinstance(depths, list) and depths and len(depths) <= 10:  # noqa: PLR2004 stages are few
        counts = [as_count(depth) for depth in depths]
        return None if None in counts else sum(count or 0 for count in counts)
    return first_count(part, *LAYERS)


def encoder_width(part: JsonObject, language: JsonObject | None = None) -> int | None:
    """Return the width of an encoder; the last one where it grows from stage to stage."""
    depths = part.get("depths")
    if isinstance(depths, list) and as_count(part.get("embed_dim")):
        grown = (as_count(part.get("embed_dim")) or 0) << max(0, min(len(depths), 10) - 1)
        return as_count(part.get("hidden_size")) or grown
    width = first_count(part, *WIDTHS)
    goes_out = width is not None and width == first_count(language or {}, *HIDDEN)
    return None if goes_out and encoder_layers(part) is None else width


def tokens_per_image(
    config: JsonObject,
    part: JsonObject,
    processor: JsonObject,
    side: int | None,
    patch: int | None,
) -> int | None:
    """Return the tokens of every picture; None where they follow the picture, or nobody says."""
    if _is_free(config, part, processor):
        return None
    places = (config, processor, part, language_part(config))
    told = (first_count(place, *_TOLD) for place in places)
    number = next((count for count in told if count), None)
    if number is not None or side is None or patch is None:
        return number
    patches = (side // patch) ** 2
    return _shuffled({**processor, **config}, patches) or _projected(config, part, patches)


def _is_free(config: JsonObject, part: JsonObject, processor: JsonObject) -> bool:
    """Tell whether pictures keep their size, or are cut into as many tiles as they need."""
    places = (config, part, as_object(config.get("embd_layer")), processor)
    return _ROTARY in part or _keeps_shape(processor) or any(_is_tiled(place) for place in places)


def _is_tiled(place: JsonObject) -> bool:
    if any(place.get(name) not in (None, False, [], 0) for name in _DYNAMIC):
        return True
    return any(name in place and place.get(switch) is not False for name, switch in _TILED.items())


def _keeps_shape(processor: JsonObject) -> bool:
    """Edges are bounded, and nothing is cut off."""
    edges = _EDGES & as_object(processor.get("size")).keys()
    return bool(edges) and picture_side(processor) is None


def _shuffled(settings: JsonObject, patches: int) -> int | None:
    """Squares of neighbours become one token: so many on a side, or a part of the sides."""
    if factor := first_count(settings, "scale_factor"):
        return patches // factor**2
    ratio = as_number(settings.get("downsample_ratio"), 0.01, 1)
    return None if ratio is None else int(patches * ratio**2)


def _projected(config: JsonObject, part: JsonObject, patches: int) -> int | None:
    """LLaVA and what is built like it: every patch is a token, and in some the class as well."""
    strategy = as_text(config.get("vision_feature_select_strategy"))
    if strategy:
        has_class = "clip" in as_text(part.get("model_type"))
        return patches + (1 if strategy == "full" and has_class else 0)
    projector = as_text(config.get("mm_projector_type"))
    is_plain = bool(_PLAIN_PROJECTOR.fullmatch(projector)) and not config.get("mm_resampler_type")
    if not is_plain or as_text(config.get("image_aspect_ratio")) not in _FIXED_MODES:
        return None
    return patches + (as_text(config.get("mm_vision_select_feature")) == "cls_patch")
