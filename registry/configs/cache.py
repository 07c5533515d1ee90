"""What attention keeps of each token, and how much memory that takes."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

from registry.configs.base import Count, Part


class CacheLayers(Part):
    """Layers that keep alike: each stores `values_per_token` numbers of one token.

    A layer with a window forgets what is further back than so many tokens; None keeps all.
    """

    layers: Count
    values_per_token: Count
    window: Count | None = None


def bytes_per_token(groups: Iterable[CacheLayers], bytes_per_value: float = 2) -> int:
    """Return by how much the cache of one request grows with a token while no window is full."""
    return ceil(sum(group.layers * group.values_per_token for group in groups) * bytes_per_value)


def cache_bytes(
    groups: Iterable[CacheLayers], *, tokens: int, batch: int = 1, bytes_per_value: float = 2
) -> int:
    """Return the cache of `batch` requests of `tokens` tokens each; windows stop growing."""
    values = sum(
        group.layers * group.values_per_token * min(tokens, group.window or tokens)
        for group in groups
    )
    return ceil(values * batch * bytes_per_value)
