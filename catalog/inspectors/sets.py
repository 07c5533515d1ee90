"""Which files make one set of weights, where a version holds several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from catalog.sources.base import Listing
from core.errors import InvalidInputError
from downloads.planning.formats import format_of, has_weights
from downloads.planning.presets import PRESETS, taken_by
from downloads.planning.quantizations import is_projector, part_of, quantization_of

MOST_FILES: Final = 200  # of ModelConfig.files
_MOST_LOOKED_AT: Final = 5000
_PRESETS: Final = ("transformers", "gguf", "onnx")


def formats(listing: Listing) -> tuple[str, ...]:
    """Return the formats that the weights come in, sorted."""
    return tuple(sorted({name for file in listing.files if (name := format_of(file.path))}))


def weight_set(listing: Listing, *, is_pipeline: bool) -> tuple[str, ...]:
    """Return the paths of one set of weights, sorted: that which most runtimes would load.

    Empty where files stand beside each other without saying whether they belong together, and
    where there are more of them than any one model has.
    """
    if len(listing.files) > _MOST_LOOKED_AT:
        return ()
    paths = [file.path for file in listing.files if has_weights(file.path)]
    for preset in ("diffusers",) if is_pipeline else _PRESETS:
        if chosen := _chosen(preset, paths):
            is_one = is_pipeline or _is_one(preset, chosen, paths)
            return tuple(sorted(chosen)) if is_one else ()
    return ()


def size_of_set(listing: Listing, paths: Sequence[str]) -> int | None:
    """Return the bytes of one set of weights; None where none was found."""
    chosen = set(paths)
    return sum(file.size for file in listing.files if file.path in chosen) or None


def _chosen(preset: str, paths: Sequence[str]) -> list[str]:
    try:
        taken = taken_by(PRESETS[preset], "", paths)
    except InvalidInputError:
        return []
    return [path for path in taken if has_weights(path) and not is_projector(path)]


def _is_one(preset: str, chosen: Sequence[str], paths: Sequence[str]) -> bool:
    """Tell whether what lies beside each other at the top are parts of one, not alternatives."""
    if preset == "gguf":
        files = [path for path in paths if path.endswith(".gguf") and not is_projector(path)]
        return len({quantization_of(path) for path in files}) == 1
    parts = {part[0] if (part := part_of(path)) else path for path in chosen}
    return sum("/" not in path for path in parts) <= 1
