"""The class that a snippet names has the head of the architecture, as transformers maps them."""

from __future__ import annotations

import pytest

from catalog.pages.snippets.classes import class_of
from registry.configs import ModelConfig, load_config

EYES = {"vision": {"patch_size": 14}}
# How transformers calls the mapping behind an Auto class.
MAPPINGS = {
    "AutoModel": "MODEL",
    "AutoModelForAudioXVector": "MODEL_FOR_AUDIO_XVECTOR",
    "AutoModelForSeq2SeqLM": "MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM",
    "AutoModelForSpeechSeq2Seq": "MODEL_FOR_SPEECH_SEQ_2_SEQ",
    "AutoModelForPreTraining": "MODEL_FOR_PRETRAINING",
    "AutoModelForMaskedLM": "MODEL_FOR_MASKED_LM",
    "AutoModelForCausalLM": "MODEL_FOR_CAUSAL_LM",
    "AutoModelForCTC": "MODEL_FOR_CTC",
    "AutoModelForImageTextToText": "MODEL_FOR_IMAGE_TEXT_TO_TEXT",
}


def config(architecture, kind="llm", **facts) -> ModelConfig:
    return load_config(kind, {"architecture": architecture, **facts})


@pytest.mark.parametrize(
    ("architecture", "kind", "facts", "name"),
    [
        ("LlamaForCausalLM", "llm", {}, "AutoModelForCausalLM"),
        ("GPT2LMHeadModel", "llm", {}, "AutoModelForCausalLM"),
        ("T5ForConditionalGeneration", "llm", {}, "AutoModelForSeq2SeqLM"),
        ("BertModel", "embedding", {}, "AutoModel"),
        ("T5EncoderModel", "embedding", {}, "T5EncoderModel"),
        ("VisionEncoderDecoderModel", "ocr", {}, "VisionEncoderDecoderModel"),
        ("LlavaForConditionalGeneration", "vision-language", EYES, "AutoModelForImageTextToText"),
        (
            "Qwen2_5OmniForConditionalGeneration",
            "vision-language",
            {**EYES, "audio": {"mel_bins": 80}},
            "Qwen2_5OmniForConditionalGeneration",
        ),
        ("WhisperForConditionalGeneration", "audio", {}, "WhisperForConditionalGeneration"),
        ("Wav2Vec2ForCTC", "audio", {}, "AutoModelForCTC"),
        ("SpeechT5ForTextToSpeech", "audio", {}, "SpeechT5ForTextToSpeech"),
        ("VitsModel", "audio", {}, "AutoModel"),
        ("BertForQuestionAnswering", "classifier", {}, "AutoModelForQuestionAnswering"),
        ("LayoutLMForQuestionAnswering", "layout", {}, "AutoModelForDocumentQuestionAnswering"),
        ("TapasForQuestionAnswering", "classifier", {}, "TapasForQuestionAnswering"),
        ("LayoutLMv3ForTokenClassification", "layout", {}, "AutoModelForTokenClassification"),
        (
            "Wav2Vec2ForSequenceClassification",
            "classifier",
            {"reads": "audio"},
            "AutoModelForAudioClassification",
        ),
        (
            "BertForSequenceClassification",
            "classifier",
            {"reads": "text"},
            "AutoModelForSequenceClassification",
        ),
        ("DetrForObjectDetection", "other", {}, "DetrForObjectDetection"),
    ],
)
def test_the_head_is_the_one_of_the_architecture(architecture, kind, facts, name):
    assert class_of(config(architecture, kind, **facts)) == name


KINDS = {
    "MODEL_FOR_DOCUMENT_QUESTION_ANSWERING": ("layout", {}),
    "MODEL_FOR_AUDIO_CLASSIFICATION": ("classifier", {"reads": "audio"}),
    "MODEL_FOR_SPEECH_SEQ_2_SEQ": ("audio", {}),
    "MODEL_FOR_TEXT_TO_WAVEFORM": ("audio", {}),
    "MODEL_FOR_IMAGE_TEXT_TO_TEXT": ("vision-language", EYES),
    "MODEL_FOR_MULTIMODAL_LM": ("vision-language", {"audio": {"mel_bins": 80}}),
}


def kind_of(mappings):
    """As what kind of model a class of these mappings is described."""
    return next((kind for name, kind in KINDS.items() if name in mappings), ("llm", {}))


def heads():
    """Every class with the mappings that hold it, of the transformers that is installed."""
    auto = pytest.importorskip("transformers.models.auto.modeling_auto")
    found: dict[str, set[str]] = {}
    for name in dir(auto):
        if not name.endswith("MAPPING_NAMES") or not name.startswith("MODEL"):
            continue
        for value in getattr(auto, name).values():
            for one in (value,) if isinstance(value, str) else value:
                found.setdefault(one, set()).add(name.removesuffix("_MAPPING_NAMES"))
    return found


def test_every_class_of_transformers_is_loaded_with_its_head():
    wrong = []
    for architecture, mappings in heads().items():
        kind, facts = kind_of(mappings)
        name = class_of(config(architecture, kind, **facts))
        if name == architecture:
            continue
        words = "".join(f"_{c}" if c.isupper() else c for c in name.removeprefix("AutoModel"))
        mapping = MAPPINGS.get(name, f"MODEL{words.upper()}")
        if mapping not in mappings:
            wrong.append((architecture, name, sorted(mappings)))
    assert not wrong, wrong
