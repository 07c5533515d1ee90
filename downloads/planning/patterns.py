"""Include and exclude patterns, read as huggingface_hub reads `allow_patterns`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Final

from core.errors import InvalidInputError

MOST: Final = 50
LONGEST: Final = 200


def read_patterns(given: str | Iterable[str], *, field: str) -> tuple[str, ...]:
    """Take patterns as a list, or as text with one on each line or commas between; check them.

    As on the Hub `*` also matches `/`, letter case counts, and `folder/` is all that is in it.
    """
    words = given.replace(",", "\n").splitlines() if isinstance(given, str) else list(given)
    found = tuple(dict.fromkeys(_written(word) for word in words if word.strip()))
    if len(found) > MOST:
        raise InvalidInputError(f"{field}: at most {MOST} patterns.", field=field)
    for pattern in found:
        _check(pattern, field)
    return found


def _written(word: str) -> str:
    pattern = word.strip().replace("\\", "/")
    return f"{pattern}*" if pattern.endswith("/") else pattern


def _check(pattern: str, field: str) -> None:
    if len(pattern) > LONGEST:
        raise InvalidInputError(
            f"{field}: a pattern has at most {LONGEST} characters.", field=field
        )
    if not pattern.isprintable():
        raise InvalidInputError(
            f"{field}: a pattern holds characters that no path has.", field=field
        )
    if pattern.startswith("/") or ".." in pattern.split("/"):
        text = f"{field}: {pattern!r} matches nothing; write paths as the repository has them."
        raise InvalidInputError(text, field=field)


def matches(path: str, patterns: Sequence[str]) -> bool:
    """Tell whether one of the patterns matches the whole path."""
    return any(fnmatchcase(path, pattern) for pattern in patterns)
