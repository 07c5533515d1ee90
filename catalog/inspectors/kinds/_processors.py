"""Settings of what comes before a model: how pictures and sound are made ready."""

from __future__ import annotations

from typing import Final

from catalog.inspectors.base import JsonObject, as_count, as_object, first_count
from catalog.inspectors.files import Files

PREPROCESSOR: Final = "preprocessor_config.json"
PROCESSOR: Final = "processor_config.json"
# Where newer processors keep the settings of their parts.
_PARTS: Final = ("image_processor", "feature_extractor", "audio_processor")
Size = tuple[int, int]


def read_processor(files: Files) -> JsonObject:
    """Return the settings of a version's processors as one; at most two files are read."""
    found: JsonObject = {}
    for path in (PREPROCESSOR, PROCESSOR):
        settings = files.object(path)
        for part in _PARTS:
            found |= as_object(settings.get(part))
        found |= {name: value for name, value in settings.items() if name not in _PARTS}
    return found


def side_of(value: object) -> int | None:
    """Return the one side of a square, in pixels, however it is written."""
    size = size_of(value)
    return size[0] if size is not None and size[0] == size[1] else None


def size_of(value: object) -> Size | None:
    """Return (width, height) in pixels of `224`, `[h, w]` or `{"height": h, "width": w}`."""
    if isinstance(value, dict):
        value = [value.get("height"), value.get("width")]
    items = value if isinstance(value, list) else [value, value]
    counts = [as_count(item) for item in items[:3]]
    if len(counts) == 1:
        counts *= 2
    if len(counts) != 2 or None in counts:  # noqa: PLR2004 a picture has two sides
        return None
    return counts[1], counts[0]  # type: ignore[return-value] # None was refused above


def picture_side(processor: JsonObject) -> int | None:
    """Return the side that every picture is brought to; None where its shape is kept."""
    crop = side_of(processor.get("crop_size"))
    if crop is not None and processor.get("do_center_crop") is not False:
        return crop
    return None if processor.get("do_resize") is False else side_of(processor.get("size"))


def picture_size(processor: JsonObject) -> Size | None:
    """Return (width, height) that pictures are brought to, where an object says which is which."""
    size = processor.get("size")
    return size_of(size) if isinstance(size, dict) else None


def sample_rate(settings: JsonObject) -> int | None:
    """Return the samples a second of one channel, in Hz."""
    return first_count(settings, "sampling_rate", "sample_rate", "audio_sample_rate")
