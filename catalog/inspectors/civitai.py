"""Facts of an image model from the card of a CivitAI listing (catalog.sources.civit.card)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

from catalog.inspectors.base import as_count, as_text, as_texts

_TYPES: Final = {
    "checkpoint": "checkpoint",
    "lora": "lora",
    "locon": "lora",
    "dora": "lora",
    "textualinversion": "embedding",
    "hypernetwork": "hypernetwork",
    "vae": "vae",
    "controlnet": "controlnet",
    "upscaler": "upscaler",
}
_SIZE: Final = re.compile(r"\s*([1-9][0-9]{1,4})\s*[xX]\s*([1-9][0-9]{1,4})\s*")
_MOST: Final = 40
_MOST_SAMPLERS: Final = 8
_HIGHEST_CFG: Final = 100.0
_SHORTEST: Final = 20
_LONGEST: Final = 600
T = TypeVar("T")


def image_facts(card_data: Mapping[str, object]) -> dict[str, object]:
    """Return what a CivitAI card says of an image model; what it does not say is left out.

    `base_model`, `checkpoint_type` (`other` for a type that is none of ours), `trigger_words`,
    `nsfw`, `previews` (url, width, height in pixels, nsfw); and what most of the previews were made
    with: `width` and `height`, `samplers` (most frequent first), `steps`, `cfg_scale`, `clip_skip`.
    {} for a card of another source.
    """
    told = card_data.get("civitai")
    if not isinstance(told, Mapping):
        return {}
    previews = _objects(told.get("previews"))
    nsfw = told.get("nsfw")
    facts: dict[str, object] = {
        "base_model": as_text(told.get("base_model")),
        "checkpoint_type": _checkpoint_type(as_text(told.get("type"))),
        "trigger_words": as_texts(told.get("trained_words")),
        "nsfw": nsfw if isinstance(nsfw, bool) else None,
        "previews": tuple(_preview(one) for one in previews if as_text(one.get("url"), 1000)),
        **_settings([_object(one.get("meta")) for one in previews]),
    }
    return {name: value for name, value in facts.items() if value not in (None, "", ())}


def description(card_data: Mapping[str, object]) -> str:
    """Return the first paragraph of what the creator writes; '' for a card of another source."""
    told = _object(card_data.get("civitai"))
    whole = told.get("description") or told.get("version_description")
    lines = whole.split("\n") if isinstance(whole, str) else []
    return as_text(next((line for line in lines if len(line) >= _SHORTEST), ""), _LONGEST)


def _checkpoint_type(word: str) -> str:
    return _TYPES.get(word.lower(), "other" if word else "")


def _preview(one: Mapping[str, object]) -> dict[str, object]:
    nsfw = one.get("nsfw")
    return {
        "url": as_text(one.get("url"), 1000),
        "width": as_count(one.get("width")),
        "height": as_count(one.get("height")),
        "nsfw": nsfw if isinstance(nsfw, bool) else None,
    }


def _settings(metas: list[Mapping[str, object]]) -> dict[str, object]:
    """Return the most frequent of each setting; of equally frequent ones the first."""
    width, height = _first(_size(meta.get("Size")) for meta in metas) or (None, None)
    return {
        "width": width,
        "height": height,
        "samplers": tuple(_by_number(as_text(meta.get("sampler")) or None for meta in metas)),
        "steps": _first(_whole(meta.get("steps")) for meta in metas),
        "cfg_scale": _first(_scale(meta.get("cfgScale")) for meta in metas),
        "clip_skip": _first(_whole(meta.get("clipSkip", meta.get("Clip skip"))) for meta in metas),
    }


def _by_number(values: Iterable[T | None]) -> list[T]:
    counted = Counter(value for value in values if value is not None)
    return [value for value, _ in counted.most_common(_MOST_SAMPLERS)]


def _first(values: Iterable[T | None]) -> T | None:
    return next(iter(_by_number(values)), None)


def _size(value: object) -> tuple[int, int] | None:
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    return (int(found[1]), int(found[2])) if found else None


def _whole(value: object) -> int | None:
    if isinstance(value, str) and value.isdecimal() and len(value) < 6:  # noqa: PLR2004 a setting
        value = int(value)
    return as_count(value)


def _scale(value: object) -> float | None:
    try:
        read = float(value) if isinstance(value, int | float | str) else 0.0
    except ValueError:
        return None
    return read if 0 < read <= _HIGHEST_CFG and not isinstance(value, bool) else None


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _objects(value: object) -> list[Mapping[str, object]]:
    items = value if isinstance(value, list | tuple) else []
    return [item for item in items[:_MOST] if isinstance(item, Mapping)]
