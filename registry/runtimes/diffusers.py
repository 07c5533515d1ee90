"""Hugging Face diffusers: pipelines that make pictures, films and sound, in Python."""

from __future__ import annotations

from typing import ClassVar, Final

from registry.configs.base import ModelConfig
from registry.configs.generations import MAKERS, generation_of, is_folder, type_of
from registry.runtimes._rules import (
    TENSORS,
    foreign_layout,
    tensors_of,
    words,
    wrong_format,
    wrong_kind,
    wrong_packing,
)
from registry.runtimes.base import Runtime, RuntimeFacts, runtimes

# huggingface.co/docs/diffusers/quantization/overview
METHODS: Final = words("bitsandbytes torchao quanto modelopt")
# Of these `from_single_file` knows the parts: .../docs/diffusers/api/loaders/single_file
SINGLE_FILES: Final = frozenset({"SD 1 or 2", "SDXL", "SD 3", "FLUX.1", "Stable Cascade", "LTX"})
_ADDED: Final = {
    "lora": "load_lora_weights",
    "embedding": "load_textual_inversion",
    "controlnet": "ControlNetModel",
    "vae": "AutoencoderKL",
}


@runtimes.register
class Diffusers(Runtime):
    """Loads pipelines laid out as folders, and single files of generations whose parts it knows."""

    slug: ClassVar[str] = "diffusers"
    title: ClassVar[str] = "diffusers"

    def refusal(self, config: ModelConfig, facts: RuntimeFacts) -> str:
        return (
            wrong_kind(config, _kinds(config), "diffusers makes pictures and films")
            or wrong_format(config, TENSORS, self.title, "take a build with safetensors")
            or foreign_layout(config, self.title)
            or wrong_packing(config, METHODS, self.title)
            or ("" if is_folder(config) else _single(config))
        )

    def grounds(self, config: ModelConfig, facts: RuntimeFacts) -> str:
        if is_folder(config):
            return f"It is laid out as a pipeline of diffusers, in {tensors_of(config)}."
        made = generation_of(config)
        if name := _ADDED.get(type_of(config)):
            return f"diffusers adds it to a pipeline of {made} with {name}."
        return f"diffusers knows the parts of {made} and loads it with from_single_file."


def _kinds(config: ModelConfig) -> frozenset[str]:
    """A pipeline may also make sound."""
    return MAKERS | {"audio"} if is_folder(config) else MAKERS


def _single(config: ModelConfig) -> str:
    what, made = type_of(config), generation_of(config)
    if not what:
        return "It is not known whether this is a checkpoint or something that is added to one."
    if what != "checkpoint" and what not in _ADDED:
        return f"diffusers loads nothing of the kind {what}."
    if not made:
        return "It is not known which base model it was made for, so no pipeline can be chosen."
    if made not in SINGLE_FILES:
        return f"diffusers loads no single files of {made}: take the build laid out as a folder."
    return ""
