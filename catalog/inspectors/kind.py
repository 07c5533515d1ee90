"""Which kind of model it is: by what cannot be mistaken, by what its author says, by its shape."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from catalog.inspectors.classes import (
    AUDIO_PIPELINE,
    VIDEO_PIPELINE,
    fills,
    head_kind,
    is_captioner,
    is_encoder,
    named_kind,
    writes,
)

TASKS: Final[dict[str, str]] = {
    task: kind
    for kind, tasks in {
        "llm": "text-generation text2text-generation translation summarization conversational",
        "vision-language": "image-text-to-text visual-question-answering video-text-to-text"
        " any-to-any image-to-text image-captioning",
        "embedding": "feature-extraction sentence-similarity visual-document-retrieval fill-mask"
        " image-feature-extraction",
        "reranker": "text-ranking",
        "classifier": "text-classification token-classification zero-shot-classification"
        " image-classification audio-classification video-classification question-answering"
        " zero-shot-image-classification tabular-classification multiple-choice",
        "layout": "document-question-answering",
        "image": "text-to-image image-to-image unconditional-image-generation inpainting"
        " image-text-to-image",
        "video": "text-to-video image-to-video video-to-video image-text-to-video",
        "audio": "automatic-speech-recognition text-to-speech text-to-audio audio-to-audio"
        " voice-activity-detection audio-text-to-text",
        "other": "object-detection zero-shot-object-detection image-segmentation depth-estimation"
        " mask-generation keypoint-detection text-to-3d image-to-3d tabular-regression robotics"
        " time-series-forecasting reinforcement-learning graph-ml table-question-answering",
    }.items()
    for task in tasks.split()
}
LIBRARIES: Final[dict[str, str]] = {
    library: kind
    for kind, libraries in {
        "embedding": "sentence-transformers pylate model2vec open_clip colbert fastembed",
        "image": "diffusers diffusion-single-file",
        "llm": "gguf llama.cpp mlx-lm exllamav2 exllamav3 ctransformers mistral-common",
        "audio": "nemo espnet speechbrain pyannote.audio pyannote-audio asteroid vosk coqui snac"
        " stable-audio-tools audiocraft whisper.cpp f5-tts moshi kyutai",
        "classifier": "timm setfit spacy flair span-marker",
    }.items()
    for library in libraries.split()
}
_RERANK = re.compile(r"re-?rank|cross-?encoder", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Signs:
    """All that hints at the kind.

    `denoiser` is the class of the part of a pipeline that makes the picture. `shape` is what the
    fields of a configuration show by themselves: "encoder", "decoder", "audio", "image",
    "contrastive" or "layout". `files` is the kind that names of files give away.
    """

    repo_id: str = ""
    architecture: str = ""
    family: str = ""
    pipeline_tag: str = ""
    library: str = ""
    pipeline_class: str = ""
    denoiser: str = ""
    task_type: str = ""
    shape: str = ""
    files: str = ""
    sees: bool = False
    pools: bool = False
    scores: bool = False
    labels: int | None = None
    tags: tuple[str, ...] = ()


def decide_kind(signs: Signs) -> str:
    """Return the kind of model; `other` where nothing tells."""
    kind = next((kind for rule in _RULES if (kind := rule(signs))), "other")
    if signs.sees and kind in {"llm", "layout", "audio"} and not _only_sounds(signs):
        return "vision-language"
    if kind == "classifier" and _is_reranker(signs):
        return "reranker"
    return kind


def _by_pipeline(signs: Signs) -> str:
    """Pipelines of diffusers: what they make is told by their names and by what they denoise."""
    name = signs.pipeline_class
    if not name:
        return ""
    if AUDIO_PIPELINE.search(name) or name.endswith("Scheduler"):
        return "other" if name.endswith("Scheduler") else "audio"
    task = TASKS.get(signs.pipeline_tag, "")
    if task in {"image", "video", "llm", "other"} and not re.search("Video|Image", name):
        return task
    return "video" if VIDEO_PIPELINE.search(f"{name} {signs.denoiser}") else "image"


def _by_name(signs: Signs) -> str:
    """Families that do one thing only, whatever a tag says of a single model."""
    if signs.architecture == "VisionEncoderDecoderModel" and is_captioner(
        signs.repo_id, signs.tags
    ):
        return "vision-language"
    return named_kind(signs.architecture, signs.family)


def _by_head(signs: Signs) -> str:
    return head_kind(signs.architecture)


def _by_contrast(signs: Signs) -> str:
    """Two encoders that meet in one space give vectors, whatever these are compared for."""
    return "embedding" if signs.shape == "contrastive" else ""


def _by_task(signs: Signs) -> str:
    return TASKS.get(signs.pipeline_tag, "")


def _by_tags(signs: Signs) -> str:
    """A pipeline tag among the free tags counts where the field itself is empty."""
    return next((TASKS[tag] for tag in signs.tags if tag in TASKS), "")


def _by_adapter(signs: Signs) -> str:
    return signs.task_type


def _by_modules(signs: Signs) -> str:
    return "embedding" if signs.pools else ""


def _by_class(signs: Signs) -> str:
    """A class with a language head writes; one without gives what its body is made for."""
    name = signs.architecture
    if writes(name) or fills(name):
        return "audio" if signs.shape == "audio" else "llm" if writes(name) else "embedding"
    if signs.shape in {"audio", "layout"}:
        return signs.shape
    is_body = signs.shape in {"encoder", "image"} and name.endswith("Model")
    is_whole = signs.sees and signs.shape == "decoder"  # Vision in its name is its eye, not all
    return "embedding" if is_body or (is_encoder(name) and not is_whole) else ""


def _by_shape(signs: Signs) -> str:
    shapes = {"decoder": "llm", "encoder": "embedding", "audio": "audio", "layout": "layout"}
    return shapes.get(signs.shape, "")


def _by_senses(signs: Signs) -> str:
    return "vision-language" if signs.sees else ""


def _by_library(signs: Signs) -> str:
    return LIBRARIES.get(signs.library.lower(), "")


def _by_files(signs: Signs) -> str:
    return signs.files or ("llm" if "gguf" in signs.tags else "")


_RULES: Final[tuple[Callable[[Signs], str], ...]] = (
    _by_pipeline,
    _by_name,
    _by_head,
    _by_contrast,
    _by_task,
    _by_tags,
    _by_adapter,
    _by_modules,
    _by_class,
    _by_shape,
    _by_senses,
    _by_library,
    _by_files,
)


def _is_reranker(signs: Signs) -> bool:
    """One score for a pair, by a name or by what a cross-encoder writes down."""
    if signs.pipeline_tag == "text-ranking" or "text-ranking" in signs.tags:
        return True
    hinted = signs.scores or any(_RERANK.search(hint) for hint in (signs.repo_id, *signs.tags))
    return hinted and (signs.labels is None or signs.labels == 1)


def _only_sounds(signs: Signs) -> bool:
    """A family of speech stays one; what a tag alone calls so, and sees, is more."""
    return named_kind(signs.architecture, signs.family) == "audio"
