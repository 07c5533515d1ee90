"""Presets: only what one runtime needs. One table, applied to the paths of a repository."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from core.errors import InvalidInputError
from downloads.planning.formats import NOT_WEIGHTS, family_of
from downloads.planning.quantizations import (
    GGUF_ORDER,
    PROJECTOR_ORDER,
    flavor_of,
    is_projector,
    precision_of,
    quantization_of,
)

Split = Callable[[str], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Preset:
    """What a runtime loads: in each folder the first of `weights` that is there, nothing of others.

    `variants` splits a path into what it is and which variant of it; `narrows` tells that one
    variant is chosen even when none was named. `single_files` keeps checkpoints beside a pipeline.
    """

    slug: str
    title: str
    weights: tuple[str, ...]
    variants: Split | None = None
    narrows: bool = True
    single_files: bool = True
    support: bool = True

    @property
    def one_quantization(self) -> bool:
        return self.weights == ("gguf",)


PRESETS: Final[dict[str, Preset]] = {
    preset.slug: preset
    for preset in (
        Preset("safetensors", "safetensors alone", ("safetensors",), precision_of),
        Preset("gguf", "one GGUF quantization", ("gguf",)),
        Preset("onnx", "ONNX alone", ("onnx",), flavor_of, narrows=False),
        Preset("transformers", "for transformers", ("safetensors", "pickle"), precision_of),
        Preset("vllm", "for vLLM", ("safetensors", "pickle"), precision_of),
        Preset(
            "diffusers",
            "for diffusers",
            ("safetensors", "pickle"),
            precision_of,
            single_files=False,
        ),
        Preset(
            "sentence-transformers",
            "for sentence-transformers",
            ("safetensors", "pickle"),
            precision_of,
        ),
        Preset("llama.cpp", "for llama.cpp", ("gguf",), support=False),
    )
}


def preset_named(text: str) -> tuple[Preset, str]:
    """Read `gguf:Q4_K_M` as a preset and the variant of it; raise with the names there are."""
    slug, _, variant = text.strip().partition(":")
    preset = PRESETS.get(slug.strip().lower())
    if preset is None:
        known = ", ".join(PRESETS)
        raise InvalidInputError(
            f"There is no preset {slug[:40]!r}. There are: {known}.", field="preset"
        )
    variant = variant.strip()
    if len(variant) > 32 or not variant.isprintable():  # noqa: PLR2004 longer than any variant
        raise InvalidInputError(f"No variant of {slug} has such a name.", field="preset")
    return preset, variant


def taken_by(preset: Preset, variant: str, paths: Iterable[str]) -> frozenset[str]:
    """Give the paths that the runtime needs; raise where it could load nothing of what there is."""
    families = {path: family_of(path) for path in paths}
    weights = {path: name for path, name in families.items() if name not in NOT_WEIGHTS}
    shared = {path for path, name in families.items() if not name and preset.support}
    if not weights:
        return frozenset(shared)
    found = _weights(preset, weights)
    if not found:
        raise _nothing(preset, weights)
    return frozenset(shared | _narrowed(preset, variant, found))


def _weights(preset: Preset, weights: Mapping[str, str]) -> set[str]:
    """In each folder the weights of the first format that the preset names and the folder has."""
    plain = {path: name for path, name in weights.items() if name != "original"}
    found = _by_folder(preset, plain)
    if not found:  # only the original is there: below a folder it is told by its ending
        found = _by_folder(preset, {path: family_of(f"x/{path}") for path in weights})
    if not preset.single_files and any("/" in path for path in found):
        found = {path for path in found if "/" in path}
    return found


def _by_folder(preset: Preset, weights: Mapping[str, str]) -> set[str]:
    folders: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for path, name in weights.items():
        folders[path.rpartition("/")[0]][path] = name
    found: set[str] = set()
    for files in folders.values():
        best = next((name for name in preset.weights if name in files.values()), "")
        found |= {path for path, name in files.items() if best and name == best}
    return found


def _narrowed(preset: Preset, variant: str, found: set[str]) -> set[str]:
    if preset.one_quantization:
        return _one_quantization(preset, variant, found)
    if preset.variants is None or not (variant or preset.narrows):
        return found
    return _one_variant(preset, preset.variants, variant, found)


def _one_quantization(preset: Preset, wanted: str, found: set[str]) -> set[str]:
    """Every part of one quantization, with the projector where the model has one."""
    projectors = {path for path in found if is_projector(path)}
    labels = {path: quantization_of(path) for path in found - projectors}
    label = _label(preset, wanted, set(labels.values()))
    chosen = {path for path, one in labels.items() if one == label}
    return chosen | _projector(projectors, label)


def _label(preset: Preset, wanted: str, labels: set[str]) -> str:
    if not wanted:
        ranked = [label for label in GGUF_ORDER if label in labels]
        return next(iter([*ranked, *sorted(labels - {""})]), "")
    if wanted.upper() not in labels:
        raise _no_variant(preset, wanted, labels)
    return wanted.upper()


def _projector(paths: set[str], label: str) -> set[str]:
    labels = {path: quantization_of(path) for path in sorted(paths)}
    for one in (label, *PROJECTOR_ORDER):
        if of_it := {path for path, found in labels.items() if found == one}:
            return of_it
    return set(sorted(paths)[:1])


def _one_variant(preset: Preset, split: Split, wanted: str, found: set[str]) -> set[str]:
    """Of each part of the model the wanted variant, else the plain one, else the first there is."""
    parts: defaultdict[str, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for path in found:
        name, variant = split(path)
        parts[name][variant].add(path)
    known = {variant for variants in parts.values() for variant in variants}
    if wanted and wanted not in known:
        raise _no_variant(preset, wanted, known)
    chosen: set[str] = set()
    for variants in parts.values():
        best = next((one for one in (wanted, "") if one in variants), min(variants))
        chosen |= variants[best]
    return chosen


def _no_variant(preset: Preset, wanted: str, known: set[str]) -> InvalidInputError:
    there = ", ".join(sorted(known - {""})) or "none that its names tell"
    return InvalidInputError(
        f"Preset {preset.slug}: there is no {wanted!r} here. There are: {there}.", field="preset"
    )


def _nothing(preset: Preset, weights: Mapping[str, str]) -> InvalidInputError:
    there = ", ".join(sorted(set(weights.values())))
    wanted = " or ".join(preset.weights)
    return InvalidInputError(
        f"Preset {preset.slug} needs {wanted}; the weights here are {there}. Choose another preset,"
        " or none.",
        field="preset",
    )
