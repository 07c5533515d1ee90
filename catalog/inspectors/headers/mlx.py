"""MLX models: safetensors that carry its mark, or are packed in its layout."""

from __future__ import annotations

from catalog.inspectors.headers.sharded import Weights

FORMAT = "mlx"


def is_mlx(weights: Weights) -> bool:
    """Tell whether MLX wrote them: by what their headers say, or by how layers are packed."""
    return weights.metadata.get("format") == FORMAT or FORMAT in weights.schemes
