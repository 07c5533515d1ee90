"""ComfyUI: graphs of nodes that make pictures and films."""

from __future__ import annotations

from typing import ClassVar, Final

from registry.configs.base import ModelConfig
from registry.configs.generations import (
    MAKERS,
    file_type_of,
    generation_of,
    has_single_file,
    is_folder,
)
from registry.runtimes._rules import TENSORS, wrong_format, wrong_kind, wrong_packing
from registry.runtimes.base import Runtime, RuntimeFacts, runtimes

# The README of github.com/comfyanonymous/ComfyUI.
GENERATIONS: Final = frozenset(
    {
        *("SD 1 or 2", "SDXL", "SD 3", "Stable Video", "Stable Cascade", "FLUX.1", "PixArt"),
        *("AuraFlow", "Hunyuan", "Lumina", "HiDream", "Qwen-Image", "Wan", "LTX", "Mochi"),
        "Cosmos",
    }
)
FOLDERS_OF: Final = frozenset({"SD 1 or 2", "SDXL"})  # what its loader of diffusers folders takes
PLACES: Final = {
    "checkpoint": "models/checkpoints",
    "lora": "models/loras",
    "embedding": "models/embeddings",
    "hypernetwork": "models/hypernetworks",
    "vae": "models/vae",
    "upscaler": "models/upscale_models",
    "controlnet": "models/controlnet",
}


@runtimes.register
class ComfyUi(Runtime):
    """Loads single files of many generations; GGUF only with nodes of others."""

    slug: ClassVar[str] = "comfyui"
    title: ClassVar[str] = "ComfyUI"

    def refusal(self, config: ModelConfig, facts: RuntimeFacts) -> str:
        way = "take a .safetensors file, or add the nodes of ComfyUI-GGUF where it is GGUF"
        return (
            wrong_kind(config, MAKERS, "ComfyUI makes pictures and films")
            or wrong_format(config, TENSORS, self.title, way)
            or wrong_packing(config, ("fp8",), self.title)
            or _layout(config)
        )

    def grounds(self, config: ModelConfig, facts: RuntimeFacts) -> str:
        if _is_only_folder(config):
            return "ComfyUI loads the folder from models/diffusers."
        return f"ComfyUI loads it from {PLACES[file_type_of(config)]}."


def _layout(config: ModelConfig) -> str:
    if _is_only_folder(config):
        return _folder(generation_of(config))
    what, made = file_type_of(config), generation_of(config)
    if what not in PLACES:
        return "It is not known in which of its folders ComfyUI would want this file."
    if made in GENERATIONS or what == "upscaler":
        return ""
    if not made:
        return "It is not known which base model it was made for, so ComfyUI may not have it."
    return f"ComfyUI is not known to run {made} by itself: use diffusers."


def _folder(made: str) -> str:
    if made in FOLDERS_OF:
        return ""
    of = made or "this model"
    return f"ComfyUI loads no folder of parts of {of}: take the single file, or its parts."


def _is_only_folder(config: ModelConfig) -> bool:
    return is_folder(config) and not has_single_file(config)
