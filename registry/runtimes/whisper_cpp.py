"""whisper.cpp: Whisper in C++ on almost any machine."""

from __future__ import annotations

from typing import ClassVar

from registry.configs.base import ModelConfig
from registry.runtimes._rules import named, wrong_kind
from registry.runtimes.base import Runtime, RuntimeFacts, runtimes


@runtimes.register
class WhisperCpp(Runtime):
    """Reads its own GGML files, made of Whisper and nothing else."""

    slug: ClassVar[str] = "whisper_cpp"
    title: ClassVar[str] = "whisper.cpp"

    def refusal(self, config: ModelConfig, facts: RuntimeFacts) -> str:
        return wrong_kind(config, ("audio",), "whisper.cpp writes down speech") or (
            _other_model(config) or _unconverted(config)
        )

    def grounds(self, config: ModelConfig, facts: RuntimeFacts) -> str:
        return "It has GGML files of Whisper, which whisper.cpp reads."


def _other_model(config: ModelConfig) -> str:
    name = config.architecture or config.family
    if name.lower().startswith("whisper"):
        return ""
    if not name:
        return "It is not known whether this is Whisper, which is all that whisper.cpp runs."
    return f"whisper.cpp runs Whisper alone, not {name}."


def _unconverted(config: ModelConfig) -> str:
    if "ggml" in config.formats:
        return ""
    if not config.formats:
        return "It is not known in what format the weights of this version are."
    return (
        f"whisper.cpp reads its own GGML files; this version has {named(config.formats)} only:"
        " convert it with models/convert-h5-to-ggml.py or take a GGML build."
    )
