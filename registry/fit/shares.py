"""What part of a device's memory a model may have."""

from __future__ import annotations

from registry.fit.assumptions import (
    APPLE_SHARE,
    CPU_SHARE,
    GPU_SHARE,
    SMALL_APPLE,
    SMALL_APPLE_SHARE,
    Assumption,
)


def share_of(kind: str, memory_bytes: int) -> Assumption:
    """Return what part of a device's memory a model may have."""
    if kind == "cpu":
        return CPU_SHARE
    if kind == "apple":
        return SMALL_APPLE_SHARE if memory_bytes <= SMALL_APPLE else APPLE_SHARE
    return GPU_SHARE


def usable_bytes(kind: str, memory_bytes: int) -> int:
    return int(memory_bytes * share_of(kind, memory_bytes).value)
