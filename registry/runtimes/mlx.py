"""MLX: models on Apple silicon (mlx-lm, mlx-vlm)."""

from __future__ import annotations

from typing import ClassVar, Final

from registry.configs.base import ModelConfig
from registry.runtimes._architectures import MLX
from registry.runtimes._rules import (
    is_adapter,
    is_mlx,
    method_of,
    unknown_class,
    words,
    wrong_format,
    wrong_packing,
)
from registry.runtimes.base import Runtime, RuntimeFacts, runtimes

# What `mlx_lm.load` unpacks besides its own; of AWQ four bits alone.
METHODS: Final = words("mlx bitnet mxfp4 awq")
_AWQ_BITS: Final = 4


@runtimes.register
class Mlx(Runtime):
    """Reads safetensors: what was converted for it, and architectures that mlx-lm has."""

    slug: ClassVar[str] = "mlx"
    title: ClassVar[str] = "MLX"

    def refusal(self, config: ModelConfig, facts: RuntimeFacts) -> str:
        if "mlx" in config.formats:
            return ""
        return (
            wrong_format(config, ("safetensors",), self.title, "take a build made for MLX")
            or _adapter(config)
            or ("" if is_mlx(config) else _unconverted(config))
        )

    def grounds(self, config: ModelConfig, facts: RuntimeFacts) -> str:
        if is_mlx(config):
            return "The weights were converted for MLX."
        return f"mlx-lm has {config.architecture} and reads safetensors as they are."


def _adapter(config: ModelConfig) -> str:
    if not is_adapter(config) or is_mlx(config):
        return ""
    return "It is an adapter of PEFT, and MLX has its own: fuse it with its base model first."


def _unconverted(config: ModelConfig) -> str:
    if config.slug != "llm":
        return "MLX runs other than language models only once converted: take a build made for MLX."
    packed = wrong_packing(config, METHODS, "MLX")
    if not packed and method_of(config) == "awq" and _bits(config) != _AWQ_BITS:
        packed = "MLX reads AWQ with 4 bits alone: take an unpacked build."
    other = packed or unknown_class(config, "MLX")
    if other or config.architecture in MLX:
        return other
    return f"mlx-lm is not known to have {config.architecture}: look for a build made for MLX."


def _bits(config: ModelConfig) -> float | None:
    return config.quantization.bits if config.quantization else None
