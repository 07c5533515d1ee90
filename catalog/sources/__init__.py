from catalog.sources.base import Source, sources

__all__ = ["Source", "sources"]
