"""Part `revision/path`: in the decoded paths of WSGI, `refs%2Fpr%2F1/a` is `refs/pr/1/a`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

_DEEPEST: Final = 8  # segments that a name of a revision may have
Known = TypeVar("Known")


def candidates(rest: str) -> list[str]:
    """Every beginning of `rest` that could be a revision, the longest first."""
    segments = rest.split("/")
    return ["/".join(segments[:end]) for end in range(min(len(segments), _DEEPEST), 0, -1)]


def split(rest: str, known: Mapping[str, Known]) -> tuple[Known, str] | None:
    """Take the longest known revision off `rest`; None when it begins with none of them."""
    for name in candidates(rest):
        if name in known:
            return known[name], rest[len(name) :].lstrip("/")
    return None


def unknown_name(rest: str) -> str:
    """The part of `rest` that was probably meant as the revision, for the message."""
    return "/".join(rest.split("/")[: 3 if rest.startswith("refs/") else 1])
