"""MLX models: safetensors whose linear layers are packed as config.json says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from catalog.inspectors.base import as_text, first_count
from catalog.inspectors.headers.sharded import Weights

_MOST_BITS: Final = 32


@dataclass(frozen=True, slots=True)
class Mlx:
    """How the weights are quantized; `mixed` where some layers have settings of their own."""

    bits: int | None
    group_size: int | None
    mode: str
    mixed: bool


def mlx_quantization(config: Mapping[str, object], weights: Weights | None) -> Mlx | None:
    """Tell how an MLX model is quantized; None where nothing says that it is one.

    MLX marks its files with the format `mlx`, and packs as its settings and shapes say.
    """
    found = config.get("quantization")
    marked = weights is not None and (
        weights.metadata.get("format") == "mlx" or "mlx" in weights.schemes
    )
    if not marked or not isinstance(found, dict):
        return None
    bits = first_count(found, "bits")
    return Mlx(
        bits=bits if bits is not None and bits <= _MOST_BITS else None,
        group_size=first_count(found, "group_size"),
        mode=as_text(found.get("mode")) or "affine",
        mixed=any(isinstance(own, dict) for own in found.values()),
    )
