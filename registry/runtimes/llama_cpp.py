"""llama.cpp: language models in C++ on almost any machine."""

from __future__ import annotations

from typing import ClassVar, Final

from registry.configs.base import ModelConfig
from registry.runtimes._gguf import architecture_of, not_in_llama_cpp
from registry.runtimes._rules import (
    base_of,
    is_adapter,
    method_of,
    missing_base,
    wrong_format,
    wrong_kind,
)
from registry.runtimes.base import Runtime, RuntimeFacts, runtimes

KINDS: Final = frozenset({"llm", "vision_language", "embedding", "reranker"})


@runtimes.register
class LlamaCpp(Runtime):
    """Reads GGUF, whole or in parts, and nothing else."""

    slug: ClassVar[str] = "llama_cpp"
    title: ClassVar[str] = "llama.cpp"

    def refusal(self, config: ModelConfig, facts: RuntimeFacts) -> str:
        way = "take a GGUF build" if method_of(config) else "convert it or take a GGUF build"
        return (
            wrong_kind(config, KINDS, "llama.cpp runs language and embedding models")
            or missing_base(config)
            or wrong_format(config, ("gguf",), self.title, way)
            or not_in_llama_cpp(config, self.title)
        )

    def grounds(self, config: ModelConfig, facts: RuntimeFacts) -> str:
        if is_adapter(config):
            return f"llama.cpp adds it with --lora to a GGUF build of {base_of(config)}."
        if name := architecture_of(config):
            return f"llama.cpp has {name} and reads GGUF, which is made for it."
        return "It has GGUF, which is made for llama.cpp; a new architecture needs a new release."
