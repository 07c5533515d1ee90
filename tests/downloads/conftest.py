from __future__ import annotations

from tests.downloads.work import work
from tests.services.aria2 import aria2

__all__ = ["aria2", "work"]
