"""What a model of CivitAI is for, in the words that sources use for tasks."""

from __future__ import annotations

import re
from typing import Final

# Types whose files make or change pictures; others are texts, poses and graphs.
_MAKES: Final = frozenset(
    {"checkpoint", "lora", "locon", "dora", "textualinversion", "hypernetwork", "vae"}
    | {"controlnet", "aestheticgradient", "upscaler"}
)
_FILMS: Final = re.compile(r"\b(?:wan|ltx|ltxv|svd|mochi|cogvideo\w*|hunyuan video)\b|video")


def task_of(model_type: str, base_model: str) -> str:
    """Return the task; '' where type and base model do not tell."""
    kind = model_type.lower()
    if kind == "motionmodule" or (kind in _MAKES and _FILMS.search(base_model.lower())):
        return "text-to-video"
    return "text-to-image" if kind in _MAKES else ""
