"""Which files make one set of weights, where a version holds several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from catalog.sources.base import Listing
from core.errors import InvalidInputError
from downloads.planning.formats import has_weights
from downloads.planning.presets import PRESETS, Preset, taken_by
from downloads.planning.quantizations import is_projector, part_of, quantization_of

MOST_FILES: Final = 200  # of ModelConfig.files
_MOST_LOOKED_AT: Final = 5000
# A runtime loads one flavor of a graph, the plain one before the others.
_ONNX: Final = replace(PRESETS["onnx"], narrows=True)
_PIPELINE: Final = (PRESETS["diffusers"],)
_PRESETS: Final = (PRESETS["transformers"], PRESETS["gguf"], _ONNX)
# Graphs that go together, as Optimum writes them; the merged one takes the place of the other two.
_MERGED: Final = "decoder_model_merged"
_UNMERGED: Final = ("decoder_model", "decoder_with_past_model")
_TOGETHER: Final = frozenset({"encoder_model", _MERGED, *_UNMERGED})


def weight_set(listing: Listing, *, is_pipeline: bool) -> tuple[str, ...]:
    """Return the paths of one set of weights, sorted: that which most runtimes would load.

    Empty where files stand beside each other without saying whether they belong together, and
    where there are more of them than any one model has.
    """
    if len(listing.files) > _MOST_LOOKED_AT:
        return ()
    paths = [file.path for file in listing.files if has_weights(file.path)]
    for preset in _PIPELINE if is_pipeline else _PRESETS:
        if chosen := _chosen(preset, paths):
            is_one = is_pipeline or _is_one(preset, chosen, paths)
            return tuple(sorted(chosen)) if is_one else ()
    return tuple(paths) if len(paths) == 1 else ()


def size_of_set(listing: Listing, paths: Sequence[str]) -> int | None:
    """Return the bytes of one set of weights; None where none was found."""
    chosen = set(paths)
    return sum(file.size for file in listing.files if file.path in chosen) or None


def graphs_of(paths: Sequence[str]) -> list[str]:
    """Return the ONNX graphs among files, without the files that hold their values."""
    return [path for path in paths if path.lower().endswith(".onnx")]


def _chosen(preset: Preset, paths: Sequence[str]) -> list[str]:
    try:
        taken = taken_by(preset, "", paths)
    except InvalidInputError:
        return []
    chosen = [path for path in taken if has_weights(path) and not is_projector(path)]
    return _without_unmerged(chosen) if preset is _ONNX else chosen


def _without_unmerged(paths: Sequence[str]) -> list[str]:
    merged = {path.rpartition("/")[0] for path in paths if _stem(path) == _MERGED}
    return [p for p in paths if p.rpartition("/")[0] not in merged or _stem(p) not in _UNMERGED]


def _stem(path: str) -> str:
    """Give what a graph and the files of its values have in common."""
    return path.rpartition("/")[2].partition(".")[0]


def _is_one(preset: Preset, chosen: Sequence[str], paths: Sequence[str]) -> bool:
    """Tell whether what lies beside each other at the top are parts of one, not alternatives."""
    if preset.one_quantization:
        files = [path for path in paths if path.endswith(".gguf") and not is_projector(path)]
        return len({quantization_of(path) for path in files}) == 1
    if preset is _ONNX:
        stems = {_stem(path) for path in chosen if "/" not in path}
        return len(stems) <= 1 or stems <= _TOGETHER
    parts = {part[0] if (part := part_of(path)) else path for path in chosen}
    return sum("/" not in path for path in parts) <= 1
