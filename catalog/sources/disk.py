"""Models in a folder of this machine (MODELS_DIR), or in one that a setting names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from catalog.sources.base import ModelRef, sources
from catalog.sources.folder.reading import Entry, FolderSource, check_name
from core.errors import InvalidInputError
from core.folders import FoundFile, Refused, in_words, look_below

_PREFIXES: Final = ("disk:", "local:")
_REVISION: Final = re.compile(r"(.+)@([0-9a-f]{40}|main)", re.DOTALL)


@sources.register
class Disk(FolderSource):
    """A folder or a single file below MODELS_DIR. Hidden names are left out, symlinks refused."""

    slug = "disk"
    title = "This machine"
    homepage = terms_url = ""

    def parse(self, text: str) -> ModelRef | None:
        """Read `disk:NAME`, `disk:NAME@commit`, `file:///…` and paths that lie below the folder.

        `local:NAME` is another word for `disk:NAME`.
        """
        text = text.strip(" ")
        if text.startswith(_PREFIXES):
            return self._ref(text.partition(":")[2])
        path = unquote(text.removeprefix("file://")) if text.startswith("file:///") else text
        if not path.startswith("/"):
            return None
        return self._ref(self._name_of(path))

    def named(self, repo_id: str, revision: str) -> ModelRef | None:
        text = f"{repo_id}@{revision}" if revision else repo_id
        return self.parse(text) or self._ref(text)

    def _ref(self, text: str) -> ModelRef:
        found = _REVISION.fullmatch(text)
        name, revision = (found[1], found[2]) if found else (text, "")
        pinned = revision if revision != "main" else ""
        return ModelRef(self.slug, check_name(name.strip("/")), pinned or None)

    def _name_of(self, path: str) -> str:
        for name, place in self._local.places.items():
            if path.rstrip("/") == str(place):
                return name
        start = f"{self._folder}/"
        if not path.startswith(start):
            raise InvalidInputError(
                f"{in_words(path)} is not below the yard's folder for models: move it into"
                " MODELS_DIR, or set MODELS_DIR to a folder above it."
            )
        return path.removeprefix(start)

    def _root(self, ref: ModelRef) -> Path:
        place = self._local.places.get(ref.repo_id)
        return place.parent if place else self._folder

    def _entries(self, ref: ModelRef) -> Sequence[Entry]:
        place = self._local.places.get(ref.repo_id)
        at = place.name if place else ref.repo_id
        found = look_below(self._root(ref), at, most=self._options.max_files)
        return [_entry(one) for one in found]


def _entry(found: FoundFile | Refused) -> Entry:
    if isinstance(found, Refused):
        raise InvalidInputError(
            f"{in_words(found.at)} is {found.reason}: put the file itself there, or take it away.",
            path=found.path,
        )
    return Entry(found.path, found.at, found.size, found.stamp)
