"""Ollama: language models on one's own machine, by name."""

from __future__ import annotations

from typing import ClassVar

from registry.configs.base import ModelConfig
from registry.runtimes._architectures import OLLAMA
from registry.runtimes._gguf import in_parts, not_in_llama_cpp
from registry.runtimes._rules import (
    base_of,
    foreign_layout,
    is_adapter,
    missing_base,
    unknown_class,
    wrong_format,
    wrong_kind,
    wrong_packing,
)
from registry.runtimes.base import Runtime, RuntimeFacts, runtimes
from registry.runtimes.llama_cpp import KINDS


@runtimes.register
class Ollama(Runtime):
    """Takes GGUF as it is, and makes its own of safetensors of some architectures."""

    slug: ClassVar[str] = "ollama"
    title: ClassVar[str] = "Ollama"

    def refusal(self, config: ModelConfig, facts: RuntimeFacts) -> str:
        shared = (
            wrong_kind(config, KINDS, "Ollama runs language and embedding models")
            or missing_base(config)
            or wrong_format(config, ("gguf", "safetensors"), self.title, "take a GGUF build")
            or _adapter(config)
        )
        return shared or (
            _wrong_gguf(config) if "gguf" in config.formats else _not_imported(config)
        )

    def grounds(self, config: ModelConfig, facts: RuntimeFacts) -> str:
        if "gguf" in config.formats:
            return "It has GGUF, which a Modelfile names with FROM."
        return f"Ollama makes GGUF of {config.architecture} in safetensors when it imports it."


def _adapter(config: ModelConfig) -> str:
    if not is_adapter(config):
        return ""
    return (
        f"It is an adapter: import {base_of(config)} first; whether Ollama can add this to it with"
        " ADAPTER depends on the architecture of that model."
    )


def _wrong_gguf(config: ModelConfig) -> str:
    """Parts of one GGUF are not taken (github.com/ollama/ollama/issues/5245)."""
    return in_parts(config, "Ollama") or not_in_llama_cpp(config, "Ollama")


def _not_imported(config: ModelConfig) -> str:
    other = (
        foreign_layout(config, "Ollama")
        or wrong_packing(config, (), "Ollama")
        or unknown_class(config, "Ollama")
    )
    if other or config.architecture in OLLAMA:
        return other
    return f"Ollama imports no safetensors of {config.architecture}: take a GGUF build."
