"""Runtimes that can serve or load a model, each with what it needs of one."""

from registry.runtimes.base import (
    NOTHING_COLLECTED,
    Collected,
    Compatibility,
    Runtime,
    RuntimeFacts,
    runtimes,
)

__all__ = ["NOTHING_COLLECTED", "Collected", "Compatibility", "Runtime", "RuntimeFacts", "runtimes"]
