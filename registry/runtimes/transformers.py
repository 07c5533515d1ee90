"""Hugging Face transformers: classes of models in Python, on PyTorch."""

from __future__ import annotations

from typing import ClassVar, Final

from registry.configs.base import ModelConfig
from registry.runtimes._rules import (
    TENSORS,
    base_of,
    foreign_layout,
    is_adapter,
    missing_base,
    tensors_of,
    unknown_class,
    words,
    wrong_format,
    wrong_packing,
)
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
        return (
            missing_base(config)
            or wrong_format(config, TENSORS, self.title, "take the build it was made from")
            or foreign_layout(config, self.title)
            or wrong_packing(config, METHODS, self.title)
            or ("" if is_adapter(config) else unknown_class(config, self.title))
        )

    def grounds(self, config: ModelConfig, facts: RuntimeFacts) -> str:
        if is_adapter(config):
            return f"transformers loads it through PEFT on top of {base_of(config)}."
        name, source = config.architecture, tensors_of(config)
        return f"transformers loads {name}, which the configuration names, from {source}."
