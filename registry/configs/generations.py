"""Models that make pictures and films: which generation they are of, and how they are laid out."""

from __future__ import annotations

import re
from typing import Final

from registry.configs.base import ModelConfig
from registry.configs.image import ImageConfig
from registry.configs.video import VideoConfig

# The first that is found in what the model says of its base, or in the name of its pipeline.
_GENERATIONS: Final = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("SDXL", r"\bsd ?xl\b|stable diffusion ?xl|\bpony\b|illustrious|noobai"),
        ("SD 3", r"\bsd ?3|stable diffusion ?3"),
        ("Stable Video", r"\bsvd\b|stable video"),
        ("Stable Cascade", r"stable cascade"),
        ("SD 1 or 2", r"\bsd ?[12]\b|stable diffusion v?[12]\b|stable diffusion pipeline"),
        ("FLUX.1", r"\bflux\b"),
        ("PixArt", r"pix ?art"),
        ("AuraFlow", r"aura ?flow"),
        ("Hunyuan", r"hunyuan"),
        ("Lumina", r"lumina"),
        ("HiDream", r"hi ?dream"),
        ("Qwen-Image", r"qwen ?image"),
        ("Wan", r"\bwan\b"),
        ("LTX", r"\bltx"),
        ("Mochi", r"\bmochi"),
        ("Cosmos", r"\bcosmos"),
        ("Kolors", r"\bkolors"),
        ("CogVideoX", r"cog ?video"),
    )
)
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
MAKERS: Final = frozenset({"image", "video"})


def generation_of(config: ModelConfig) -> str:
    """Return the generation of models that a picture model belongs to; '' where nothing tells."""
    base = config.base_model if isinstance(config, ImageConfig | VideoConfig) else ""
    return _read(base) or _read(_CAMEL.sub(" ", config.architecture))


def _read(text: str) -> str:
    plain = re.sub(r"[-_.]+", " ", text).lower()
    return next((name for name, pattern in _GENERATIONS if pattern.search(plain)), "")


def is_folder(config: ModelConfig) -> bool:
    """Tell the layout of diffusers: a folder of parts, listed in model_index.json."""
    listed = isinstance(config, ImageConfig | VideoConfig) and bool(config.components)
    return listed or config.architecture.endswith("Pipeline")


def has_single_file(config: ModelConfig) -> bool:
    """Tell whether a checkpoint stands beside the folders, as one file."""
    return any(
        "/" not in path and path.endswith((".safetensors", ".ckpt")) for path in config.files
    )


def type_of(config: ModelConfig) -> str:
    """Return what kind of file it is: checkpoint, lora, vae ...; '' where nothing tells."""
    if isinstance(config, ImageConfig):
        return config.checkpoint_type or ("lora" if config.adapter else "")
    return "lora" if config.adapter else "checkpoint"


def file_type_of(config: ModelConfig) -> str:
    """As `type_of`; a file beside the folders of a pipeline is its checkpoint."""
    return type_of(config) or ("checkpoint" if is_folder(config) else "")
