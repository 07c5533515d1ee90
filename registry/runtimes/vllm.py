"""vLLM: a server for many requests at once on GPUs."""

from __future__ import annotations

from typing import ClassVar, Final

from registry.configs.base import ModelConfig
from registry.runtimes._architectures import NEWER_VLLM, VLLM
from registry.runtimes._gguf import has_gguf_alone, not_in_transformers
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

# docs.vllm.ai, Quantization, and the names that its loader takes from `quant_method`.
METHODS: Final = words(
    "auto-round awq awq-marlin bitsandbytes compressed-tensors deepspeedfp experts-int8 fbgemm-fp8"
    " fp8 gptq gptq-marlin modelopt modelopt-fp4 moe-wna16 mxfp4 nvfp4 petit-nvfp4 quark"
    " torchao"
)
_SWITCH: Final = "--trust-remote-code"
_OURS: Final = "the list of architectures built into this yard"


@runtimes.register
class Vllm(Runtime):
    """Runs the architectures on its list, from safetensors."""

    slug: ClassVar[str] = "vllm"
    title: ClassVar[str] = "vLLM"

    def refusal(self, config: ModelConfig, facts: RuntimeFacts) -> str:
        if has_gguf_alone(config):
            return missing_base(config) or _wrong_gguf(config)
        return (
            missing_base(config)
            or _adapter(config)
            or wrong_format(config, (*TENSORS, "gguf"), self.title, "take a build in safetensors")
            or foreign_layout(config, self.title)
            or wrong_packing(config, METHODS, self.title)
            or unknown_class(config, self.title)
            or _unlisted(config, facts)
        )

    def grounds(self, config: ModelConfig, facts: RuntimeFacts) -> str:
        if has_gguf_alone(config):
            return (
                f"vLLM reads GGUF of {config.family} as an experiment; newer releases need"
                " vllm-gguf-plugin for it."
            )
        known, read = facts.vllm_architectures, tensors_of(config)
        which = f"vLLM's list of architectures, {known.described}" if known else _OURS
        more = code_beside(config, _SWITCH)
        return f"{config.architecture} is on {which}, and vLLM reads {read}{more}."


def _wrong_gguf(config: ModelConfig) -> str:
    """It has transformers translate the keys, and runs language models alone."""
    return wrong_kind(config, ("llm",), "vLLM reads GGUF of language models") or (
        not_in_transformers(config, "vLLM")
    )


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
        if name in known.names:
            return ""
        return own_code(config, "vLLM", _SWITCH) or (
            f"vLLM's list of architectures, {known.described}, does not have {name}."
        )
    if name in VLLM | NEWER_VLLM:
        return ""
    return own_code(config, "vLLM", _SWITCH) or (
        f"vLLM's list of architectures was not collected, and {name} is not in the short one built"
        " into this yard: it is not known whether vLLM runs it."
    )
