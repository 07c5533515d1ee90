"""What may be sent at all: decided from policies and numbers in hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from core.errors import InvalidInputError, TooLargeError
from registry.policy import Rules


def check_ending(path: str, policies: Sequence[Rules]) -> None:
    """Refuse a file whose ending no policy takes."""
    ending = PurePosixPath(path).suffix.lower()
    lists = [rules.limits.get("extensions_refused") for rules in policies]
    if lists and all(isinstance(endings, list) and ending in endings for endings in lists):
        raise InvalidInputError(
            f"{path}: no policy of this yard takes files that end in {ending}.", path=path
        )


def check_size(path: str, total: int, most: int) -> None:
    """Refuse a file with which the model would be larger than anything the yard may take."""
    if total > most:
        raise TooLargeError(
            f"With {path} the upload has {total} bytes; at most {most} are taken.", limit=most
        )


def most_bytes(setting: int, policies: Sequence[Rules]) -> int:
    """Give the largest model that some policy takes, or the setting where that is less."""
    limits = [rules.limits.get("max_bytes") for rules in policies]
    known = [limit for limit in limits if isinstance(limit, int)]
    return min(setting, max(known)) if known and len(known) == len(limits) else setting


def most_file_bytes(policies: Sequence[Rules]) -> int | None:
    """Give the largest single file that some policy takes; None where one has no limit."""
    limits = [rules.limits.get("max_file_bytes") for rules in policies]
    known = [limit for limit in limits if isinstance(limit, int)]
    return max(known) if known and len(known) == len(limits) else None
