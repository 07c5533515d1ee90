"""Which class of transformers loads an architecture with its head."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from registry.configs import ModelConfig
from registry.configs.vision_language import VisionLanguageConfig
from registry.runtimes._gguf import has_gguf_alone

# By how a name ends, where transformers keeps every class of such a name under one Auto class
# (transformers/models/auto/modeling_auto.py). What is not found here is loaded by its own name.
_BY_END: Final = {
    "ForCausalLM": "AutoModelForCausalLM",
    "LMHeadModel": "AutoModelForCausalLM",
    "ForMaskedLM": "AutoModelForMaskedLM",
    "ForTokenClassification": "AutoModelForTokenClassification",
    "ForMultipleChoice": "AutoModelForMultipleChoice",
    "ForNextSentencePrediction": "AutoModelForNextSentencePrediction",
    "ForImageClassification": "AutoModelForImageClassification",
    "ForVideoClassification": "AutoModelForVideoClassification",
    "ForSemanticSegmentation": "AutoModelForSemanticSegmentation",
    "ForDepthEstimation": "AutoModelForDepthEstimation",
    "ForAudioClassification": "AutoModelForAudioClassification",
    "ForAudioFrameClassification": "AutoModelForAudioFrameClassification",
    "ForXVector": "AutoModelForAudioXVector",
    "ForCTC": "AutoModelForCTC",
    "ForSpeechToText": "AutoModelForSpeechSeq2Seq",
    "ForPreTraining": "AutoModelForPreTraining",
}
_HEAD: Final = re.compile(r"(For[A-Z]\w*|(?<!With)LMHeadModel)$")
# These end in Model, and AutoModel has another class for their settings, or none.
_OWN: Final = re.compile(
    r"(EncoderDecoder|MT|Encoder|WithProjection|Vision|Text|WithLMHead)Model$|ModelWith\w+$"
)
# These are under another Auto class than others that end alike.
_OTHER_HEADS: Final = re.compile(r"^(Tapas|Vilt|Blip|Clvp|Mistral4)")
_GGUF_WRITERS: Final = dict.fromkeys(("t5", "umt5"), "AutoModelForSeq2SeqLM")
_TEXT: Final = frozenset({"llm", "embedding", "reranker"})
_ADAPTED: Final = {
    "llm": "AutoModelForCausalLM",
    "vision_language": "AutoModelForImageTextToText",
    "classifier": "AutoModelForSequenceClassification",
    "reranker": "AutoModelForSequenceClassification",
    "audio": "AutoModelForSpeechSeq2Seq",
}


def class_of(config: ModelConfig) -> str:
    """Name the Auto class that has the architecture, else the class itself."""
    if has_gguf_alone(config) and config.slug == "llm":  # its header names no class
        return _GGUF_WRITERS.get(config.family, "AutoModelForCausalLM")
    name = config.architecture
    found = _HEAD.search(name)
    if found is None:
        return "AutoModel" if name.endswith("Model") and not _OWN.search(name) else name
    if _OTHER_HEADS.match(name):
        return name
    choose = _BY_KIND.get(found[1])
    return choose(config) if choose else _BY_END.get(found[1], name)


def base_class_of(config: ModelConfig) -> str:
    """Name the Auto class for the model that an adapter is put into."""
    return _ADAPTED.get(config.slug, "AutoModel")


def reader_of(config: ModelConfig) -> str:
    """Name what makes input of words, pictures or sound."""
    return "AutoTokenizer" if config.slug in _TEXT else "AutoProcessor"


def _generating(config: ModelConfig) -> str:
    """Writers of text by what they read; those with ears are under several names, or none."""
    if isinstance(config, VisionLanguageConfig):
        sees_alone = config.vision is not None and config.audio is None
        return "AutoModelForImageTextToText" if sees_alone else config.architecture
    return "AutoModelForSeq2SeqLM" if config.slug in _TEXT else config.architecture


def _judging(config: ModelConfig) -> str:
    hears = config.slug == "audio" or getattr(config, "reads", "") == "audio"
    return f"AutoModelFor{'Audio' if hears else 'Sequence'}Classification"


def _answering(config: ModelConfig) -> str:
    return f"AutoModelFor{'Document' if config.slug == 'layout' else ''}QuestionAnswering"


_BY_KIND: Final[dict[str, Callable[[ModelConfig], str]]] = {
    "ForConditionalGeneration": _generating,
    "ForSequenceClassification": _judging,
    "ForQuestionAnswering": _answering,
}
