"""Inspectors: what a model is, from its small files and headers."""

from catalog.inspectors.base import Inspection, Reader
from catalog.inspectors.inspect import inspect_version
from catalog.inspectors.reader import SourceReader

__all__ = ["Inspection", "Reader", "SourceReader", "inspect_version"]
