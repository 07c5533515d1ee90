"""vLLM: a server for many requests at once on GPUs."""

from __future__ import annotations

from typing import ClassVar, Final

from registry.configs.base import ModelConfig
from registry.runtimes._architectures import NEWER_VLLM, VLLM
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

# docs.vllm.ai, Quantization, and the names that its loader takes from `quant_method`.
METHODS: Final = words(
    "auto-round awq awq-marlin bitsandbytes compressed-tensors deepspeedfp experts-int8 fbgemm-fp8"
    " fp8 gptq gptq-marlin modelopt modelopt-fp4 moe-wna16 mxfp4 nvfp4 petit-nvfp4 quark"
    " torchao"
)
_OURS: Final = "the list of architectures built into this yard"


@runtimes.register
class Vllm(Runtime):
    """Runs the architectures on its list, from safetensors."""

    slug: ClassVar[str] = "vllm"
    title: ClassVar[str] = "vLLM"

    def refusal(self, config: ModelConfig, facts: RuntimeFacts) -> str:
        return (
            missing_base(config)
            or _adapter(config)
            or wrong_format(config, TENSORS, self.title, "take a build with safetensors")
            or foreign_layout(config, self.title)
            or wrong_packing(config, METHODS, self.title)
            or unknown_class(config, self.title)
            or _unlisted(config, facts)
        )

    def grounds(self, config: ModelConfig, facts: RuntimeFacts) -> str:
        known, read = facts.vllm_architectures, tensors_of(config)
        which = f"vLLM's list of architectures, {known.described}" if known else _OURS
        return f"{config.architecture} is on {which}, and vLLM reads {read}."


def _adapter(config: ModelConfig) -> str:
    if not is_adapter(config):
        return ""
    return (
        f"It is an adapter: serve {base_of(config)}, if vLLM runs that, and add this with"
        " --enable-lora."
    )


def _unlisted(config: ModelConfig, facts: RuntimeFacts) -> str:
    name = config.architecture
    if (known := facts.vllm_architectures) is not None:
        missing = f"vLLM's list of architectures, {known.described}, does not have {name}."
        return "" if name in known.names else missing
    if name in VLLM | NEWER_VLLM:
        return ""
    return (
        f"vLLM's list of architectures was not collected, and {name} is not in the short one built"
        " into this yard: it is not known whether vLLM runs it."
    )
