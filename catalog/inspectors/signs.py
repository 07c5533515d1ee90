"""Gather what hints at the kind of a model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from catalog.inspectors import adapter, transformers_config
from catalog.inspectors.base import JsonObject, as_count, as_object, as_text, first_count
from catalog.inspectors.headers.gguf_facts import GgufFacts
from catalog.inspectors.kind import Signs
from catalog.inspectors.senses import audio_part, has_image_token, sees
from catalog.inspectors.sentence_transformers import MODULES
from catalog.inspectors.subject import Subject
from downloads.planning.quantizations import is_projector

DENOISERS: Final = ("transformer", "unet", "prior", "decoder", "dit")
_SCORES: Final = ("sbert_ce_default_activation_function",)
_SOUND: Final = frozenset(
    {"num_mel_bins", "feat_extract_norm", "sampling_rate", "audio_channels", "n_mels", "mel_bins"}
    | {"num_mels", "audio_encoder"}
)
_WHISPER_IN_CT2: Final = "alignment_heads"  # CTranslate2 keeps nothing else that tells
_POOLS: Final = frozenset({"mean", "cls", "last"})
_ENCODING: Final = frozenset({"type_vocab_size", "position_embedding_type"})
_DECODING: Final = frozenset({"num_key_value_heads", "rms_norm_eps", "n_embd", "state_size"})
_PICTURE: Final = frozenset({"image_size", "num_channels", "patch_size"})
# Names that tools give to what they make, where no settings lie beside it; the first that fits.
_NAMES: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        (r"(^|/)final\.mdl$|(^|/)ivector/final\.ie$", "audio"),
        (r"\.nemo$|^ggml-(tiny|base|small|medium|large)\b.*\.bin$", "audio"),
        (r"^open_clip_config\.json$", "embedding"),
        (r"^pytorch_lora_weights\.safetensors$|^learned_embeds\.(bin|safetensors)$", "image"),
        (r"\.gguf$|^consolidated(\.\d+)?\.(pth|safetensors)$", "llm"),
    )
)


def signs_of(subject: Subject) -> Signs:
    """Return all signs of a version; nothing further is read."""
    config, gguf = subject.config, subject.gguf
    projects = any(path.endswith(".gguf") and is_projector(path) for path in subject.paths)
    return Signs(
        repo_id=subject.listing.ref.repo_id,
        architecture=architecture_of(subject),
        family=transformers_config.family(config) or (gguf.architecture if gguf else ""),
        pipeline_tag=subject.pipeline_tag,
        library=subject.library,
        pipeline_class=subject.class_name,
        denoiser=denoiser_class(subject.pipeline),
        task_type=adapter.TASKS.get(as_text(subject.adapter.get("task_type")), ""),
        shape=shape_of(config, architecture_of(subject)) or _shape_of_gguf(gguf),
        files=kind_of_names(subject.paths),
        sees=projects or sees(config) or _is_composite(config),
        pools=subject.files.has(MODULES),
        scores=_scores(config),
        labels=_labels(config),
        tags=subject.tags,
    )


def architecture_of(subject: Subject) -> str:
    """Return the class of the model, or of the one that an adapter is for."""
    return transformers_config.architecture(subject.config) or adapter.base_class(subject.adapter)


def denoiser_class(pipeline: JsonObject) -> str:
    """Return the class of the part of a pipeline that makes the picture."""
    parts = (pipeline.get(name) for name in DENOISERS)
    found = (as_text(part[1]) for part in parts if isinstance(part, list) and len(part) > 1)
    return next((name for name in found if name), "")


def shape_of(config: JsonObject, architecture: str) -> str:
    """Return what the fields show by themselves, see `Signs.shape`."""
    if _is_contrastive(config, architecture):
        return "contrastive"
    if _sounds(config):
        return "audio"
    if "max_2d_position_embeddings" in config:
        return "layout"
    return _text_shape(transformers_config.language_part(config))


def _shape_of_gguf(gguf: GgufFacts | None) -> str:
    """What pools, or looks both ways, gives vectors."""
    if gguf is None or gguf.shape.num_layers is None:
        return ""
    shape = gguf.shape
    return "encoder" if shape.causal is False or shape.pooling in _POOLS else "decoder"


def kind_of_names(paths: Sequence[str]) -> str:
    """Return the kind that names of files give away; '' where they do not."""
    told = (kind for form, kind in _NAMES if any(form.search(path) for path in paths))
    return next(told, "")


def _is_contrastive(config: JsonObject, architecture: str) -> bool:
    both = all(as_object(config.get(name)) for name in ("text_config", "vision_config"))
    both = both and not has_image_token(config)
    body = architecture.endswith("Model") or not architecture
    named = bool(re.search(r"CLIP|Siglip|SigLIP|Align", architecture))
    return both and body and (named or as_count(config.get("projection_dim")) is not None)


def _sounds(config: JsonObject) -> bool:
    fields = _SOUND & config.keys()
    heard = audio_part(config) is not None and not sees(config)
    return bool(fields) or heard or _WHISPER_IN_CT2 in config


def _text_shape(part: JsonObject) -> str:
    if first_count(part, *transformers_config.VOCABULARY) is None:
        return "image" if _PICTURE & part.keys() else ""
    if first_count(part, *transformers_config.LAYERS) is None:
        return ""
    decodes = _DECODING & part.keys() or True in (
        part.get("is_decoder"),
        part.get("is_encoder_decoder"),
    )
    return "encoder" if _ENCODING & part.keys() and not decodes else "decoder"


def _is_composite(config: JsonObject) -> bool:
    """A language part inside a class that writes has other senses, whether or not they are told."""
    is_nested = transformers_config.language_part(config) is not config
    name = transformers_config.architecture(config)
    return is_nested and name.endswith("ForConditionalGeneration") and not _sounds(config)


def _scores(config: JsonObject) -> bool:
    told = as_object(config.get("sentence_transformers"))
    return "activation_fn" in told or any(name in config for name in _SCORES)


def _labels(config: JsonObject) -> int | None:
    named = as_object(config.get("id2label"))
    return len(named) or as_count(config.get("num_labels"))
