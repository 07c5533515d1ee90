"""Models that make films."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from registry.configs._pictures import Component, Preview
from registry.configs.base import Count, InferenceParams, ModelConfig, Word, configs


@configs.register
class VideoConfig(ModelConfig):
    """How long, how fast and how large the films are."""

    slug: ClassVar[str] = "video"
    title: ClassVar[str] = "Video model"

    base_model: Word = ""
    frames: Count | None = None
    fps: Annotated[float, Field(strict=True, gt=0, le=1000)] | None = None
    # Trained resolution in pixels.
    width: Count | None = None
    height: Count | None = None
    scheduler: Word = ""
    previews: Annotated[tuple[Preview, ...], Field(max_length=50)] = ()
    components: Annotated[tuple[Component, ...], Field(max_length=50)] = ()

    def inference_params(self) -> InferenceParams:
        """Return the film it was trained on."""
        told = {name: getattr(self, name) for name in ("frames", "fps", "width", "height")}
        return InferenceParams(additional={k: v for k, v in told.items() if v is not None})
