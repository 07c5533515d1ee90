"""What a language model keeps of the tokens it has read: the cache of keys and values."""

from __future__ import annotations

from collections.abc import Iterable

from registry.configs.base import Count, Part


class CacheLayers(Part):
    """Layers that keep the same number of values for each token.

    With a `window` they keep no more than so many tokens. Layers that keep a state of fixed size,
    or use the cache of another layer, are in no group.
    """

    layers: Count
    values_per_token: Count
    window: Count | None = None


def bytes_per_token(groups: Iterable[CacheLayers], bytes_per_value: float) -> float:
    """Return by how many bytes the cache grows with a token while no window is full."""
    return bytes_per_value * sum(group.layers * group.values_per_token for group in groups)


def cache_bytes(
    groups: Iterable[CacheLayers], *, tokens: int, batch: int, bytes_per_value: float
) -> float:
    """Return the bytes of the cache of `batch` sequences of so many tokens."""
    kept = sum(
        group.layers * group.values_per_token * min(tokens, group.window or tokens)
        for group in groups
    )
    return batch * bytes_per_value * kept
