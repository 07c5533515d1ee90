"""What a path that somebody sends may name: a version that is here, or a place below the models.

Pure: nothing is looked at on the disk.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from unicodedata import normalize
from urllib.parse import unquote

from core.errors import NotPermittedError

_VERSION: Final = re.compile(r"models/([a-z0-9][a-z0-9._-]*)/([0-9a-f]{7,64})")
_OUTSIDE: Final = (
    "model_path is the local_path of an extraction, or a path inside the models directory."
)


@dataclass(frozen=True, slots=True)
class VersionPlace:
    """The `local_path` of a version."""

    slug: str
    commit: str


@dataclass(frozen=True, slots=True)
class FolderPlace:
    """A name below the models directory."""

    name: str


def place_of(path: str, *, folder: Path) -> VersionPlace | FolderPlace:
    """Read a path; NotPermittedError for one that leaves the models directory or tries to hide it.

    Absolute paths begin with the directory; others are below it, with or without its name.
    """
    if found := _VERSION.fullmatch(path):
        return VersionPlace(found[1], found[2])
    name = _below(path, folder)
    if name is None or not _is_plain(name):
        raise NotPermittedError(_OUTSIDE, field="model_path")
    return FolderPlace(name)


def _below(path: str, folder: Path) -> str | None:
    if path.startswith("/"):
        start = f"{folder.absolute()}/"
        return path.removeprefix(start) if path.startswith(start) else None
    return path.removeprefix("./").removeprefix(f"{folder.name}/")


def _is_plain(name: str) -> bool:
    """No part is empty, hidden or leads upward, however it is written, and nothing is escaped."""
    if not name.isprintable() or unquote(name) != name:
        return False
    for form in (name, normalize("NFKC", name)):
        if "\\" in form or ":" in form or any(_is_hidden(part) for part in form.split("/")):
            return False
    return normalize("NFKC", name).count("/") == name.count("/")


def _is_hidden(part: str) -> bool:
    return not part.strip() or part.startswith((".", "~"))
