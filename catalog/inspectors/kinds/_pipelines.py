"""Pipelines of diffusers: their parts, and the settings of those that matter."""

from __future__ import annotations

from itertools import islice
from typing import Final

from catalog.inspectors.base import JsonObject, as_count, as_text
from catalog.inspectors.quantization import quantization
from catalog.inspectors.signs import DENOISERS, denoiser_class
from catalog.inspectors.subject import CONFIG, Subject

MOST_PARTS: Final = 50
_DECODERS: Final = ("vae", "vqvae", "movq", "vqgan")
_PAIR: Final = 2


def components(pipeline: JsonObject) -> tuple[dict[str, str], ...]:
    """Return `Component`s in the order of model_index.json; parts that were left out are not."""
    found = (
        {"name": as_text(name), "library": as_text(part[0]), "class_name": as_text(part[1])}
        for name, part in islice(pipeline.items(), 1000)
        if isinstance(part, list) and len(part) == _PAIR and as_text(part[1])
    )
    return tuple(islice(found, MOST_PARTS))


def class_of(pipeline: JsonObject, name: str) -> str:
    """Return the class of a part; '' where the pipeline has none of this name."""
    return next((c["class_name"] for c in components(pipeline) if c["name"] == name), "")


def denoiser(subject: Subject) -> JsonObject:
    """Return the settings of what makes the picture, be it a part or the whole version.

    Its class is known even where its settings are missing.
    """
    if not subject.pipeline:
        return subject.config
    return {"_class_name": denoiser_class(subject.pipeline), **_part(subject, DENOISERS)}


def quantized(part: JsonObject) -> dict[str, object]:
    """Return the quantization of a part, for the whole; nothing where the part says nothing."""
    found = quantization(part)
    return {"quantization": found} if found else {}


def decoder(subject: Subject) -> JsonObject:
    """Return the settings of what turns latents into pixels."""
    return _part(subject, _DECODERS)


def has_decoder(subject: Subject) -> bool:
    return any(class_of(subject.pipeline, name) for name in _DECODERS)


def shrinks(vae: JsonObject) -> int | None:
    """Return how many pixels of a side are one place in the latents.

    Each stage of an autoencoder but the last halves the sides; newer ones say the factor.
    """
    for name in ("scale_factor_spatial", "spatial_compression_ratio"):
        if factor := as_count(vae.get(name)):
            return factor
    for name, last in (("block_out_channels", 1), ("encoder_block_out_channels", 1)):
        if isinstance(stages := vae.get(name), list) and 0 < len(stages) <= 10:  # noqa: PLR2004
            return 1 << (len(stages) - last)
    steps = vae.get("temperal_downsample")  # so spelled by its authors
    return 1 << len(steps) if isinstance(steps, list) and 0 < len(steps) <= 10 else None  # noqa: PLR2004


def _part(subject: Subject, names: tuple[str, ...]) -> JsonObject:
    name = next((name for name in names if class_of(subject.pipeline, name)), "")
    return subject.files.object(f"{name}/{CONFIG}") if name else {}
