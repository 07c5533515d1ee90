"""What CivitAI says of a model and a version, as the card of a listing.

The card has two fields. `rights` is for the license gate: `stated_by`, `stated_at` (the page),
`commercial_use` (what may be sold: Image, RentCivit, Rent, Sell; empty: nothing; null: not said),
and `derivatives`, `no_credit`, `different_license` (true, false or null). `civitai` holds the rest:
ids, names, type, base model, words it was trained on, marks of what it shows, times, creator,
numbers, both descriptions as plain text, `files` (format, precision, hashes, what CivitAI's own
scans said) and `previews` (address, size, marks, and of their `meta` what settings made them).
Everything is bounded; what has another type than it should have is null or left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from catalog.sources.civit.plain import plain_text
from catalog.sources.civit.refusals import page_of
from catalog.sources.civit.values import flag, mapping, mappings, moment, number, text, texts, whole

MOST_PREVIEWS: Final = 40
MOST_FILES: Final = 100
MATURE: Final = 4 | 8 | 16 | 32  # R, X, XXX and blocked, as bits of nsfwLevel; 1 and 2 are PG
_RIGHTS: Final = ("Image", "RentCivit", "Rent", "Sell")
_MATURE_WORDS: Final = {"none": False, "soft": False, "mature": True, "x": True}
_COUNTS: Final = ("downloadCount", "thumbsUpCount", "thumbsDownCount", "commentCount")
_META: Final = ("steps", "sampler", "cfgScale", "Size", "clipSkip", "Clip skip", "Schedule type")


def card_of(model: Mapping[str, object], version: Mapping[str, object]) -> dict[str, Any]:
    """Put both answers together in the shape that this module describes."""
    model_id, version_id = whole(version.get("modelId")), whole(version.get("id"))
    return {
        "rights": _rights(model, page_of(str(model_id), version_id)),
        "civitai": {
            **_identity(model, version),
            **_marks(model, version),
            **_times(version),
            "creator": text(mapping(model.get("creator")).get("username")),
            "stats": _stats(mapping(version.get("stats")) or mapping(model.get("stats"))),
            "tags": texts(model.get("tags")),
            "description": plain_text(model.get("description")),
            "version_description": plain_text(version.get("description")),
            "files": [_file(row) for row in mappings(version.get("files"), MOST_FILES)],
            "previews": previews(version),
        },
    }


def _identity(model: Mapping[str, object], version: Mapping[str, object]) -> dict[str, Any]:
    short = mapping(version.get("model"))
    return {
        "model_id": whole(version.get("modelId")),
        "version_id": whole(version.get("id")),
        "name": text(model.get("name")) or text(short.get("name")),
        "version_name": text(version.get("name")),
        "air": text(version.get("air")),
        "type": text(model.get("type")) or text(short.get("type")),
        "base_model": text(version.get("baseModel")),
        "base_model_type": text(version.get("baseModelType")),
        "trained_words": texts(version.get("trainedWords")),
    }


def _marks(model: Mapping[str, object], version: Mapping[str, object]) -> dict[str, Any]:
    level = whole(version.get("nsfwLevel"))
    said = {is_mature(level), flag(model.get("nsfw"))} - {None}
    return {
        "nsfw": any(said) if said else None,
        "nsfw_level": level,
        "poi": flag(model.get("poi")),
        "minor": flag(model.get("minor")),
        "availability": text(version.get("availability")),
        "usage_control": text(version.get("usageControl")),
        "mode": text(model.get("mode")),
    }


def is_mature(level: int | None) -> bool | None:
    """Tell whether a level (a set of bits) has more than PG-13; None when there is none."""
    return None if level is None else bool(level & MATURE)


def _times(version: Mapping[str, object]) -> dict[str, Any]:
    names = {
        "published": "publishedAt",
        "updated": "updatedAt",
        "early_access_ends": "earlyAccessEndsAt",
    }
    read = {name: moment(version.get(key)) for name, key in names.items()}
    return {name: when.isoformat() if when else None for name, when in read.items()}


def _stats(stats: Mapping[str, object]) -> dict[str, int]:
    return {name: count for name in _COUNTS if (count := whole(stats.get(name))) is not None}


def _rights(model: Mapping[str, object], page: str) -> dict[str, Any]:
    return {
        "stated_by": "CivitAI",
        "stated_at": page,
        "commercial_use": commercial_use(model.get("allowCommercialUse")),
        "derivatives": flag(model.get("allowDerivatives")),
        "no_credit": flag(model.get("allowNoCredit")),
        "different_license": flag(model.get("allowDifferentLicense")),
    }


def commercial_use(value: object) -> list[str] | None:
    """Read what may be sold: a list, one word, or the text `{Image,Rent}` of a PostgreSQL array.

    The order that it comes in means nothing, so ours is fixed. None when nothing is said.
    """
    if isinstance(value, str):
        value = re.split(r"[,\s]+", value.strip().strip("{}"))
    if not isinstance(value, list):
        return None
    words = [word for word in texts(value, limit=40) if word.lower() != "none"]
    return sorted(words, key=lambda word: (_RIGHTS.index(word) if word in _RIGHTS else 9, word))


def _file(row: Mapping[str, object]) -> dict[str, Any]:
    told, hashes = mapping(row.get("metadata")), mapping(row.get("hashes"))
    return {
        "id": whole(row.get("id")),
        "name": text(row.get("name"), 300),
        "type": text(row.get("type")),
        "primary": row.get("primary") is True,
        "format": text(told.get("format")),
        "size": text(told.get("size")),
        "fp": text(told.get("fp")),
        "quant": text(told.get("quantType")),
        "hashes": {text(name, 20): text(value) for name, value in list(hashes.items())[:12]},
        "pickle_scan": text(row.get("pickleScanResult")),
        "virus_scan": text(row.get("virusScanResult")),
    }


def previews(version: Mapping[str, object]) -> list[dict[str, Any]]:
    """Return the pictures and films that show what a version makes; they are no files of it."""
    found = (_preview(row) for row in mappings(version.get("images"), MOST_PREVIEWS))
    return [preview for preview in found if preview["url"]]


def _preview(row: Mapping[str, object]) -> dict[str, Any]:
    url, level = text(row.get("url"), 1000), whole(row.get("nsfwLevel"))
    said = row.get("nsfw")
    if isinstance(said, str):
        said = _MATURE_WORDS.get(said.lower())
    return {
        "url": url if url.startswith("https://") and " " not in url else "",
        "type": text(row.get("type"), 20) or "image",
        "width": whole(row.get("width")) or None,
        "height": whole(row.get("height")) or None,
        "nsfw": flag(said) if level is None else is_mature(level),
        "nsfw_level": level,
        "meta": _meta(mapping(row.get("meta"))),
    }


def _meta(meta: Mapping[str, object]) -> dict[str, Any]:
    """Keep the settings alone: prompts are long, and nobody's business here."""
    kept = {}
    for name in _META:
        value = meta.get(name)
        read = text(value, 60) if isinstance(value, str) else number(value)
        if read not in (None, ""):
            kept[name] = read
    return kept
