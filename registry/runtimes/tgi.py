"""Text Generation Inference: Hugging Face's server for language models."""

from __future__ import annotations

from typing import ClassVar, Final

from registry.configs.base import ModelConfig
from registry.runtimes._architectures import TGI
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
    wrong_kind,
    wrong_packing,
)
from registry.runtimes._transformers import code_beside, own_code
from registry.runtimes.base import Runtime, RuntimeFacts, runtimes

# What it reads packed (huggingface.co/docs/text-generation-inference/conceptual/quantization);
# bitsandbytes and EETQ it packs itself, from unpacked weights.
METHODS: Final = words("awq compressed-tensors exl2 fp8 gptq marlin")
_SWITCH: Final = "--trust-remote-code"
_KINDS: Final = frozenset({"llm", "vision_language"})


@runtimes.register
class Tgi(Runtime):
    """Runs the models it has kernels for; others it only tries."""

    slug: ClassVar[str] = "tgi"
    title: ClassVar[str] = "TGI"

    def refusal(self, config: ModelConfig, facts: RuntimeFacts) -> str:
        return (
            wrong_kind(config, _KINDS, "TGI serves language models")
            or missing_base(config)
            or _adapter(config)
            or wrong_format(config, TENSORS, self.title, "take a build with safetensors")
            or foreign_layout(config, self.title)
            or wrong_packing(config, METHODS, self.title)
            or unknown_class(config, self.title)
            or _unlisted(config)
        )

    def grounds(self, config: ModelConfig, facts: RuntimeFacts) -> str:
        more = code_beside(config, _SWITCH)
        return f"TGI has its own {config.architecture} and reads {tensors_of(config)}{more}."


def _adapter(config: ModelConfig) -> str:
    if not is_adapter(config):
        return ""
    return (
        f"It is an adapter: serve {base_of(config)}, if TGI runs that, and add this with"
        " LORA_ADAPTERS."
    )


def _unlisted(config: ModelConfig) -> str:
    if config.architecture in TGI:
        return ""
    return own_code(config, "TGI", _SWITCH) or (
        f"TGI lists no model of its own for {config.architecture}; whether it runs by way of"
        " transformers is not known."
    )
