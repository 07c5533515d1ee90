"""Models that make pictures, and what is added to them."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from registry.configs._pictures import Component, Preview
from registry.configs.base import Count, Flag, InferenceParams, ModelConfig, Word, Words, configs

CheckpointType = Literal[
    "", "checkpoint", "lora", "embedding", "hypernetwork", "vae", "controlnet", "upscaler", "other"
]


@configs.register
class ImageConfig(ModelConfig):
    """What one must know to make a picture: the base it fits, its sizes, its words."""

    slug: ClassVar[str] = "image"
    title: ClassVar[str] = "Image model"

    # SD 1.5, SDXL, FLUX.1 ...: what add-ons must match.
    base_model: Word = ""
    checkpoint_type: CheckpointType = ""
    vae: Word = ""
    clip_skip: Annotated[int, Field(strict=True, ge=0, le=100)] | None = None
    # Trained resolution in pixels.
    width: Count | None = None
    height: Count | None = None
    trigger_words: Words = ()
    samplers: Words = ()
    scheduler: Word = ""
    steps: Count | None = None
    cfg_scale: Annotated[float, Field(strict=True, ge=0, le=1000)] | None = None
    nsfw: Flag | None = None
    previews: Annotated[tuple[Preview, ...], Field(max_length=50)] = ()
    components: Annotated[tuple[Component, ...], Field(max_length=50)] = ()

    def inference_params(self) -> InferenceParams:
        """Return the resolution it was trained at and what its author advises."""
        names = ("width", "height", "steps", "cfg_scale", "clip_skip")
        told = {name: getattr(self, name) for name in names}
        return InferenceParams(additional={k: v for k, v in told.items() if v is not None})
