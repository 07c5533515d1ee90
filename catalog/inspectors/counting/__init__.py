"""Parameters, cache and shape of a model from its configuration alone, by rules of the format."""

from catalog.inspectors.counting.count import Counted, parameters
from catalog.inspectors.counting.kept import cache
from catalog.inspectors.counting.shape import TextShape, text_shape

__all__ = ["Counted", "TextShape", "cache", "parameters", "text_shape"]
