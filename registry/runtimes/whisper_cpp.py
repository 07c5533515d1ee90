"""whisper.cpp: Whisper in C++ on almost any machine."""

from __future__ import annotations

import re
from typing import ClassVar, Final

from registry.configs.base import ModelConfig
from registry.runtimes._rules import named, wrong_kind
from registry.runtimes.base import Runtime, RuntimeFacts, runtimes

_FILE: Final = re.compile(r"(^|/)ggml-[^/]*\.bin$")


@runtimes.register
class WhisperCpp(Runtime):
    """Reads its own GGML files, made of Whisper and nothing else."""

    slug: ClassVar[str] = "whisper_cpp"
    title: ClassVar[str] = "whisper.cpp"

    def refusal(self, config: ModelConfig, facts: RuntimeFacts) -> str:
        return (
            wrong_kind(config, ("audio",), "whisper.cpp writes down speech")
            or ("" if _is_ggml(config) else _unconverted(config))
            or _other_model(config)
        )

    def grounds(self, config: ModelConfig, facts: RuntimeFacts) -> str:
        return "It has GGML files of Whisper, which whisper.cpp reads."


def _is_ggml(config: ModelConfig) -> bool:
    return "ggml" in config.formats or any(_FILE.search(path) for path in config.files)


def _unconverted(config: ModelConfig) -> str:
    if other := _other_model(config):
        return other
    if not config.formats:
        return "It is not known in what format the weights of this version are."
    return (
        f"whisper.cpp reads its own GGML files; this version has {named(config.formats)} only:"
        " convert it with models/convert-h5-to-ggml.py or take a GGML build."
    )


def _other_model(config: ModelConfig) -> str:
    """GGML files name no architecture: where none is told, their name is all there is."""
    name = config.architecture or config.family
    if name.lower().startswith("whisper") or (not name and _is_ggml(config)):
        return ""
    if not name:
        return "It is not known whether this is Whisper, which is all that whisper.cpp runs."
    return f"whisper.cpp runs Whisper alone, not {name}."
