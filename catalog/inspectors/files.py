"""The small files of one version: each is read once, and only so many of them."""

from __future__ import annotations

from typing import Final

from catalog.inspectors.base import (
    LARGEST_JSON,
    JsonObject,
    Problems,
    Reader,
    as_lines,
    as_object,
    read_bytes,
    read_json,
)

# At a source each is a request: with the list, the card, an index and the headers of weights a
# record stays within twelve.
MOST_FILES: Final = 8


class Files:
    """Reads settings for inspectors; what cannot be read is a problem and empty.

    Nothing is asked for that the version does not have. What would be one file too many is left
    out with a problem, so that no repository makes us read on and on.
    """

    def __init__(self, reader: Reader, problems: Problems, most: int = MOST_FILES) -> None:
        self._reader = reader
        self._problems = problems
        self._left = most
        self._objects: dict[str, object] = {}
        self._texts: dict[str, str] = {}

    def has(self, path: str) -> bool:
        """Tell whether the version has this file."""
        return self._reader.has(path)

    def first(self, *paths: str) -> str:
        """Return the first of these files that is there; '' where none is."""
        return next((path for path in paths if self.has(path)), "")

    def is_within(self, path: str, limit: int) -> bool:
        """Tell whether a file is there and has at most so many bytes."""
        return self.has(path) and self._reader.size(path) <= limit

    def json(self, path: str, limit: int = LARGEST_JSON) -> object:
        """Return what a JSON file holds; None where it is absent or unusable."""
        if path not in self._objects and self._may_read(path):
            self._objects[path] = read_json(self._reader, path, self._problems, limit=limit)
        return self._objects.get(path)

    def object(self, path: str, limit: int = LARGEST_JSON) -> JsonObject:
        """Return the object that a JSON file holds; an empty one where there is none."""
        found = self.json(path, limit)
        was_named = any(problem.startswith(path) for problem in self._problems.found)
        if path in self._objects and not isinstance(found, dict) and not was_named:
            self._problems.add(f"{path} holds no object")
        return as_object(found)

    def text(self, path: str, limit: int) -> str:
        """Return a file of text; '' where it is absent or unusable."""
        if path not in self._texts and self._may_read(path):
            content = read_bytes(self._reader, path, limit, self._problems)
            self._texts[path] = as_lines((content or b"").decode("utf-8", "replace"))
        return self._texts.get(path, "")

    def _may_read(self, path: str) -> bool:
        if not self.has(path):
            return False
        self._left -= 1
        if self._left < 0:
            self._problems.add(f"{path} was not read: there are more settings than are looked at")
        return self._left >= 0
