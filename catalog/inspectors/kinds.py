"""Which kind of model it is: by what its author says, then by what its configuration shows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

TASKS: Final[dict[str, str]] = {
    task: kind
    for kind, tasks in {
        "llm": "text-generation text2text-generation translation summarization conversational",
        "vision-language": "image-text-to-text visual-question-answering video-text-to-text"
        " any-to-any image-text-to-image",
        "embedding": "feature-extraction sentence-similarity visual-document-retrieval",
        "reranker": "text-ranking",
        "classifier": "text-classification token-classification zero-shot-classification"
        " image-classification audio-classification video-classification"
        " zero-shot-image-classification tabular-classification",
        "layout": "document-question-answering",
        "image": "text-to-image image-to-image unconditional-image-generation inpainting",
        "video": "text-to-video image-to-video video-to-video",
        "audio": "automatic-speech-recognition text-to-speech text-to-audio audio-to-audio"
        " voice-activity-detection audio-text-to-text",
    }.items()
    for task in tasks.split()
}
_BY_CLASS: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), kind)
    for pattern, kind in (
        (r"^LayoutLM|^LiLT|^Bros|^UDOP|^MarkupLM", "layout"),
        (r"^(TrOCR|VisionEncoderDecoder|Nougat|Donut|GotOcr|Florence|.*OCR)", "ocr"),
        (r"^(Whisper|Wav2Vec2|Hubert|SpeechT5|SpeechEncoder|Speech2Text|Bark|Musicgen)", "audio"),
        (r"^(Moonshine|SeamlessM4T|Vits|ClapModel|UniSpeech|Wavlm|MMS|.*ForCTC)", "audio"),
        (r"Pipeline$|^(UNet|AutoencoderKL)", "image"),
        (r"For(Sequence|Token|Image|Audio)Classification$|RewardModel$|ForReward", "classifier"),
        (r"ForCausalLM$|LMHeadModel$|LMHead$|ForConditionalGeneration$|ForSeq2SeqLM$", "llm"),
    )
)
_RERANK = re.compile(r"re-?rank|cross-?encoder", re.IGNORECASE)
_VIDEO = re.compile(r"video", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Signs:
    """All that hints at the kind."""

    repo_id: str = ""
    architecture: str = ""
    family: str = ""
    pipeline_tag: str = ""
    library: str = ""
    pipeline_class: str = ""
    sees: bool = False
    pools: bool = False
    tags: tuple[str, ...] = ()


def decide_kind(signs: Signs) -> str:
    """Return the kind of model; `other` where nothing tells."""
    kind = TASKS.get(signs.pipeline_tag) or _by_tags(signs) or _by_configuration(signs)
    if kind in {"llm", "layout"} and signs.sees:
        return "vision-language"
    if kind == "classifier" and _is_reranker(signs):
        return "reranker"
    return kind


def _by_tags(signs: Signs) -> str:
    """A pipeline tag among the free tags counts where the field itself is empty."""
    return next((TASKS[tag] for tag in signs.tags if tag in TASKS), "")


def _by_configuration(signs: Signs) -> str:
    if signs.pools:
        return "embedding"
    if kind := _class_kind(signs.architecture):
        return kind
    if signs.library == "diffusers" or signs.pipeline_class:
        return "video" if _VIDEO.search(signs.pipeline_class) else "image"
    if signs.library == "sentence-transformers":
        return "embedding"
    return "llm" if signs.library in {"gguf", "llama.cpp"} or "gguf" in signs.tags else "other"


def _class_kind(name: str) -> str:
    return next((kind for pattern, kind in _BY_CLASS if pattern.search(name)), "")


def _is_reranker(signs: Signs) -> bool:
    hints: Iterable[str] = (signs.repo_id, *signs.tags)
    return any(_RERANK.search(hint) for hint in hints)
