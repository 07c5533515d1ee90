"""Ways to bring the bytes of one file into staging; all keep one contract."""

from __future__ import annotations

from downloads.fetchers.base import Fetcher, FetchRequest, Progress, staging_path

__all__ = ["FetchRequest", "Fetcher", "Progress", "staging_path"]
