from __future__ import annotations

from tests.services.seaweed import seaweed

__all__ = ["seaweed"]
