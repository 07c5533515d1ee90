"""Inspectors: what a model is, from its small files and headers.

`inspect.inspect_version` is their entrance; it is imported where it is called, since all kinds and
formats come with it.
"""

from catalog.inspectors.base import Inspection, Reader
from catalog.inspectors.reader import SourceReader

__all__ = ["Inspection", "Reader", "SourceReader"]
