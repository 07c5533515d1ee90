"""stable-diffusion-webui (AUTOMATIC1111): pictures in the browser."""

from __future__ import annotations

from typing import ClassVar, Final

from registry.configs.base import ModelConfig
from registry.configs.generations import (
    file_type_of,
    generation_of,
    has_single_file,
    is_folder,
)
from registry.runtimes._rules import TENSORS, wrong_format, wrong_kind, wrong_packing
from registry.runtimes.base import Runtime, RuntimeFacts, runtimes

GENERATIONS: Final = frozenset({"SD 1 or 2", "SDXL", "SD 3"})  # since its release 1.10
# Where each kind of file belongs.
FOLDERS: Final = {
    "checkpoint": "models/Stable-diffusion",
    "lora": "models/Lora",
    "embedding": "embeddings",
    "hypernetwork": "models/hypernetworks",
    "vae": "models/VAE",
    "upscaler": "models/ESRGAN",
    "controlnet": "models/ControlNet of its ControlNet extension",
}
_ANY_GENERATION: Final = frozenset({"upscaler"})


@runtimes.register
class StableDiffusion(Runtime):
    """Loads single files of Stable Diffusion, and what is added to them."""

    slug: ClassVar[str] = "stable_diffusion"
    title: ClassVar[str] = "stable-diffusion (A1111)"

    def refusal(self, config: ModelConfig, facts: RuntimeFacts) -> str:
        return (
            wrong_kind(config, ("image",), "A1111 makes pictures")
            or wrong_format(config, TENSORS, "A1111", "take a single .safetensors file")
            or wrong_packing(config, (), "A1111")
            or _layout(config)
        )

    def grounds(self, config: ModelConfig, facts: RuntimeFacts) -> str:
        return f"A1111 loads it from {FOLDERS[file_type_of(config)]}."


def _layout(config: ModelConfig) -> str:
    what, made = file_type_of(config), generation_of(config)
    if is_folder(config) and not has_single_file(config):
        return "It is a folder of parts, and A1111 loads single files: take a single .safetensors."
    if what not in FOLDERS:
        return "It is not known in which of its folders A1111 would want this file."
    if what in _ANY_GENERATION or made in GENERATIONS:
        return ""
    if not made:
        return "It is not known which base model it was made for, so A1111 may not have it."
    return f"A1111 runs Stable Diffusion up to 3, not {made}: use ComfyUI or diffusers."
