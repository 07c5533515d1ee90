"""Which parts of a model see and hear, wherever config.json keeps them."""

from __future__ import annotations

import re
from typing import Final

from catalog.inspectors.base import JsonObject, as_count, as_object, as_text

_SEES: Final = (
    "vision_config", "visual", "vision_tower_config", "vision_cfg", "vit_config", "vision_encoder",
    "vision_model_config", "visual_config", "img_processor", "visual_tokenizer_config",
)  # fmt: skip
_HEARS: Final = ("audio_config", "speech_config", "audio_encoder_config", "audio_processor")
# Parts that hold those parts.
_AROUND: Final = ("thinker_config", "embd_layer")
_INSIDE: Final = ("params", "config", "backbone_config", "backbone", "encoder_config")
_TOWERS: Final = ("mm_vision_tower", "vision_tower")
_IMAGE_TOKENS: Final = ("image_token_id", "image_token_index", "media_placeholder_token_id")
# openai/clip-vit-large-patch14-336: towers are named by patch and picture, both in pixels.
_NAMED = re.compile(r"patch_?(\d{1,3})(?:[-_](\d{2,4}))?(?![\d])")


def vision_part(config: JsonObject) -> JsonObject | None:
    """Return the settings of the part that sees, or what its name tells; None where none does."""
    part = _part(config, (*_SEES, "image_embd_layer"))
    if part is not None:
        return {**named_sizes(as_text(part.get("model_name"))), **part}
    tower = next((name for key in _TOWERS if (name := as_text(config.get(key)))), "")
    return {**named_sizes(tower), "hidden_size": config.get("mm_hidden_size")} if tower else None


def audio_part(config: JsonObject) -> JsonObject | None:
    """Return the settings of the part that hears; None where there is none."""
    return _part(config, (*_HEARS, "audio_embd_layer"))


def sees(config: JsonObject) -> bool:
    """Tell whether the model takes pictures."""
    codes = as_object(config.get("vq_config"))  # pictures that are written in tokens as text is
    return bool(codes) or has_image_token(config) or vision_part(config) is not None


def has_image_token(config: JsonObject) -> bool:
    """Tell whether a token stands for a picture among those of a text."""
    around = (config, as_object(config.get("thinker_config")))
    return any(as_count(place.get(name)) for place in around for name in _IMAGE_TOKENS)


def named_sizes(name: str) -> JsonObject:
    """Return patch and picture size as far as the name of a vision tower tells them."""
    found = _NAMED.search(name)
    if found is None:
        return {}
    sizes: JsonObject = {"patch_size": int(found[1])}
    return sizes | ({"image_size": int(found[2])} if found[2] else {})


def _part(config: JsonObject, names: tuple[str, ...]) -> JsonObject | None:
    places = [config, *(as_object(config.get(name)) for name in _AROUND)]
    found = (as_object(place.get(name)) for place in places for name in names)
    part = next((part for part in found if part), None)
    return None if part is None else _flat(part)


def _flat(part: JsonObject) -> JsonObject:
    """Settings that are one level further down count as the part's own."""
    inner: JsonObject = {}
    for name in _INSIDE:
        inner |= as_object(part.get(name))
    return {**inner, **part}
