"""What lists keep of a model's need, so that "fits this device" is one condition on one column."""

from __future__ import annotations

from typing import Final

from registry.configs.base import ModelConfig
from registry.fit.assumptions import GIB
from registry.fit.memory import Workload, need_of
from registry.fit.shares import usable_bytes

# The contexts that lists can be narrowed by, with the columns that hold the bytes for one request
# at 16 bits. A need never shrinks with its context: what fits at a longer one fits at the first.
CONTEXTS: Final = {8_192: "memory_8k", 32_768: "memory_32k", 131_072: "memory_128k"}
SHORTEST: Final = min(CONTEXTS)
# Sizes of a GPU's memory in GiB that models are counted by: each is in the smallest that holds it.
CLASSES: Final = (8, 12, 16, 24, 32, 48, 64, 80, 96, 128, 192, 256, 512)
BEYOND: Final = "more"
# Error correction and the driver keep some of it (a T4 "of 16 GB" reports 15 GiB). With so much
# left out, every GPU that is sold with a size holds what is in its class.
_REPORTED: Final = 93  # percent
LIMITS: Final = {
    str(size): usable_bytes("data-centre", size * GIB * _REPORTED // 100) for size in CLASSES
}


def listed_needs(config: ModelConfig) -> dict[str, int | None]:
    """Return the bytes on one device for each column of CONTEXTS; None where they are not known."""
    return {
        column: need_of(config, Workload(context=context)).total
        for context, column in CONTEXTS.items()
    }


def class_of(total: int | None) -> str:
    """Return the smallest size of a GPU that surely holds so much; '' where it is not known."""
    if total is None:
        return ""
    return next((name for name, limit in LIMITS.items() if total <= limit), BEYOND)


def classes_within(usable: int) -> tuple[list[str], bool]:
    """Return the sizes that surely fit into so many bytes, and whether others may fit in part."""
    within = [name for name, limit in LIMITS.items() if limit <= usable]
    return within, usable not in LIMITS.values()
