"""Names that a source sends: checked once, here, before anything is done with them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final

from core.errors import InvalidInputError

LONGEST_PATH: Final = 1000
# Control, surrogate and unassigned-by-design characters; Cf has the ones that turn text around.
_BAD_CATEGORIES: Final = frozenset({"Cc", "Cs"})
_TURNING: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def check_path(path: object) -> str:
    """Return a file's path inside its model, or raise InvalidInputError that names the file."""
    reason = _fault(path)
    if reason:
        raise InvalidInputError(f"The file name {shown(path)} cannot be used: {reason}")
    return str(path)


def check_tree(paths: Iterable[str]) -> None:
    """Refuse a model where one name is twice, or both a file and a folder."""
    seen: set[str] = set()
    folders: set[str] = set()
    for path in paths:
        if path in seen:
            raise InvalidInputError(f"The file {shown(path)} is listed twice")
        seen.add(path)
        parts = path.split("/")
        folders.update("/".join(parts[:end]) for end in range(1, len(parts)))
    both = min(seen & folders, default="")
    if both:
        raise InvalidInputError(f"{shown(both)} is both a file and a folder")


def shown(text: object) -> str:
    """Quote an untrusted name for a message: short, on one line, without control characters."""
    return ascii(str(text)[:120]) if not str(text).isprintable() else repr(str(text)[:120])


def _fault(path: object) -> str:
    if not isinstance(path, str) or not path:
        return "it is empty or no text"
    faults = {
        f"it is longer than {LONGEST_PATH} characters": len(path) > LONGEST_PATH,
        "it is absolute": path.startswith("/"),
        "it has a backslash": "\\" in path,
        "it leaves its folder or has an empty part": bool({"", ".", ".."} & set(path.split("/"))),
        "it has control characters": any(map(_is_control, path)),
    }
    return next((fault for fault, found in faults.items() if found), "")


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in _BAD_CATEGORIES or character in _TURNING
