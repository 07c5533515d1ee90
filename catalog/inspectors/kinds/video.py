"""Video models: which family, how long and how large the films are."""

from __future__ import annotations

from catalog.inspectors.base import JsonObject, as_count, as_number, first_count
from catalog.inspectors.kinds import _pipelines
from catalog.inspectors.kinds._bases import base_of, told_base
from catalog.inspectors.kinds._pictures import previews
from catalog.inspectors.kinds._processors import Size, size_of
from catalog.inspectors.subject import Facts, Subject

_KEPT_IN_CODE = "UNetSpatioTemporal"  # its sample_size is no side of the films it was trained on


def facts(subject: Subject) -> Facts:
    """Read of a pipeline what denoises and what decodes: two small files."""
    part = _pipelines.denoiser(subject)
    vae = _pipelines.decoder(subject)
    size = _size(part, _pipelines.shrinks(vae))
    told = (*subject.card.base_models, *subject.tags)
    return {
        "base_model": base_of(subject.class_name, part) or told_base(told),
        "frames": _frames(part, vae),
        "fps": as_number(part.get("fps"), 0.1, 1000),
        "width": size and size[0],
        "height": size and size[1],
        "scheduler": _pipelines.class_of(subject.pipeline, "scheduler"),
        "components": _pipelines.components(subject.pipeline),
        "previews": previews(subject),
        **_pipelines.quantized(part),
    }


def _size(part: JsonObject, factor: int | None) -> Size | None:
    if factor is None or str(part.get("_class_name")).startswith(_KEPT_IN_CODE):
        return None
    size = size_of([part.get("sample_height"), part.get("sample_width")])
    size = size or size_of(part.get("sample_size"))
    return None if size is None else (size[0] * factor, size[1] * factor)


def _frames(part: JsonObject, vae: JsonObject) -> int | None:
    """Films, or latents of them: what is no whole number of steps after the first is the latter."""
    told = first_count(part, "num_frames", "video_length", "motion_max_seq_length")
    latents = as_count(part.get("sample_frames"))
    if told is not None or latents is None:
        return told
    step = first_count(part, "temporal_compression_ratio") or first_count(
        vae, "temporal_compression_ratio", "scale_factor_temporal"
    )
    return latents if step and (latents - 1) % step == 0 else None
