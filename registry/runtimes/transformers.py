"""Hugging Face transformers: classes of models in Python, on PyTorch."""

from __future__ import annotations

from typing import ClassVar, Final

from registry.configs.base import ModelConfig
from registry.runtimes._gguf import has_gguf_alone, not_in_transformers
from registry.runtimes._rules import (
    TENSORS,
    base_of,
    foreign_layout,
    is_adapter,
    missing_base,
    tensors_of,
    words,
    wrong_format,
    wrong_packing,
)
from registry.runtimes._transformers import names_type, not_had
from registry.runtimes.base import Runtime, RuntimeFacts, runtimes

# The methods of its quantizers (huggingface.co/docs/transformers/quantization/overview).
METHODS: Final = words(
    "aqlm auto-round awq bitnet bitsandbytes compressed-tensors eetq fbgemm-fp8 fp-quant fp8 gptq"
    " higgs hqq mxfp4 quanto quark spqr torchao vptq"
)
_MAKERS: Final = {"image": "pictures", "video": "films"}


@runtimes.register
class Transformers(Runtime):
    """Loads the class that config.json names; adapters through PEFT."""

    slug: ClassVar[str] = "transformers"
    title: ClassVar[str] = "transformers"

    def refusal(self, config: ModelConfig, facts: RuntimeFacts) -> str:
        if made := _MAKERS.get(config.slug):
            return f"Models that make {made} are loaded by diffusers, not by transformers."
        if has_gguf_alone(config):
            return not_in_transformers(config, self.title)
        return (
            missing_base(config)
            or wrong_format(config, (*TENSORS, "gguf"), self.title, "take the original build")
            or foreign_layout(config, self.title)
            or wrong_packing(config, METHODS, self.title)
            or ("" if is_adapter(config) else not_had(config))
        )

    def grounds(self, config: ModelConfig, facts: RuntimeFacts) -> str:
        if is_adapter(config):
            return f"transformers loads it through PEFT on top of {base_of(config)}."
        if has_gguf_alone(config):
            return f"transformers reads GGUF of {config.family} as its gguf_file, and unpacks it."
        name, source = config.architecture, tensors_of(config)
        if not name or not names_type(config):
            return f"transformers loads it by its model type {config.family}, from {source}."
        return f"transformers loads {name}, which the configuration names, from {source}."
