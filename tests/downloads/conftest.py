from __future__ import annotations

from tests.downloads.work import work
from tests.services.aria2 import aria2
from tests.services.seaweed import seaweed

__all__ = ["aria2", "seaweed", "work"]
