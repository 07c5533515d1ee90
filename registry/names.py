"""Names of revisions: which words mean a version by themselves, and which have to be kept.

`main`, a commit and a number mean what this yard says they mean, whatever the source calls so.
"""

from __future__ import annotations

import re
from typing import Final

MAIN: Final = frozenset({"main", "refs/heads/main"})
LONGEST: Final = 200
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_NUMBER = re.compile(r"(?:refs/tags/)?v?([1-9][0-9]{0,8})")
_BRANCH: Final = "refs/heads/"


def is_commit(name: str) -> bool:
    return _COMMIT.fullmatch(name) is not None


def number_of(name: str) -> int | None:
    """The version number behind `3`, `v3` or `refs/tags/v3`; None for any other name."""
    match = _NUMBER.fullmatch(name)
    return int(match.group(1)) if match else None


def kept_name(name: str) -> str:
    """The form in which a name of the source is kept; '' for what means a version by itself."""
    if name in MAIN or is_commit(name) or number_of(name) is not None or len(name) > LONGEST:
        return ""
    short = name.removeprefix(_BRANCH)
    return short if short == name else kept_name(short)
