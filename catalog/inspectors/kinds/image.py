"""Image models: which family, what kind of weights, at what size they were trained."""

from __future__ import annotations

import re
from typing import Final

from catalog.inspectors.base import as_text
from catalog.inspectors.kinds import _pipelines
from catalog.inspectors.kinds._bases import base_of, told_base
from catalog.inspectors.kinds._pictures import is_adult, previews, trigger_words
from catalog.inspectors.kinds._processors import Size, size_of
from catalog.inspectors.subject import Facts, Subject

_CLASSES: Final = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        (r"Upscale|SuperResolution", "upscaler"),
        (r"Pipeline$", "checkpoint"),
        (r"ControlNet", "controlnet"),
        (r"^(Autoencoder|AsymmetricAutoencoder|VQModel|ConsistencyDecoderVAE)|VAE$", "vae"),
        (r"Adapter|^ImageProjection", "other"),
        (r"Model$|UNet$|Prior$", "checkpoint"),
    )
)
_TAGS: Final = {
    "lora": "lora",
    "template:sd-lora": "lora",
    "textual_inversion": "embedding",
    "textual-inversion": "embedding",
    "controlnet": "controlnet",
    "hypernetwork": "hypernetwork",
    "vae": "vae",
}
_FILES: Final = (
    (re.compile(r"^pytorch_lora_weights(_\w+)?\.(safetensors|bin)$"), "lora"),
    (re.compile(r"^learned_embeds[\w-]*\.(safetensors|bin)$"), "embedding"),
    (re.compile(r"\.(safetensors|ckpt|gguf)$"), "checkpoint"),
)
# These pipelines keep the size that their weights are made for in their code: latents of a side.
_LATENTS: Final = 128
_SIZED_BY_CODE: Final = re.compile(
    r"^(Flux2?|Chroma|QwenImage|HiDreamImage|LongCatImage|OvisImage|OmniGen)Transformer2DModel$"
)


def facts(subject: Subject) -> Facts:
    """Read of a pipeline what denoises and what decodes: two small files."""
    kind = checkpoint_type(subject)
    size = trained_size(subject)
    return {
        "base_model": _base(subject, kind),
        "checkpoint_type": kind,
        "vae": _vae(subject, kind),
        "width": size and size[0],
        "height": size and size[1],
        "scheduler": _pipelines.class_of(subject.pipeline, "scheduler"),
        "components": _pipelines.components(subject.pipeline),
        "trigger_words": trigger_words(subject),
        "nsfw": is_adult(subject),
        "previews": previews(subject),
        **_pipelines.quantized(_pipelines.denoiser(subject)),
    }


def checkpoint_type(subject: Subject) -> str:
    """Return what the weights are: a model, or what is put into one; '' where nothing says."""
    if name := subject.class_name:
        return next((kind for form, kind in _CLASSES if form.search(name)), "other")
    if subject.adapter:
        return "lora"
    tagged = (_TAGS[tag.lower()] for tag in subject.tags if tag.lower() in _TAGS)
    roots = [path for path in subject.paths if "/" not in path]
    named = (kind for form, kind in _FILES if any(form.search(path) for path in roots))
    return next(tagged, "") or next(named, "")


def trained_size(subject: Subject) -> Size | None:
    """Return (width, height) in pixels: latents times what a place in them is decoded to.

    Without an autoencoder the model makes pixels at once. None where the files do not say.
    """
    part = _pipelines.denoiser(subject)
    size = size_of(part.get("sample_size"))
    if size is None and _SIZED_BY_CODE.match(as_text(part.get("_class_name"))):
        size = (_LATENTS, _LATENTS)
    if size is None or not subject.pipeline:
        return None
    factor = _pipelines.shrinks(_pipelines.decoder(subject))
    if not _pipelines.has_decoder(subject):
        factor = 1
    return None if factor is None else (size[0] * factor, size[1] * factor)


def _base(subject: Subject, kind: str) -> str:
    if kind == "vae":
        return ""
    part = _pipelines.denoiser(subject)
    found = base_of(subject.class_name, part)
    return found or told_base((*subject.card.base_models, *subject.tags))


def _vae(subject: Subject, kind: str) -> str:
    return subject.class_name if kind == "vae" else _pipelines.class_of(subject.pipeline, "vae")
