"""Uploads that are complete, as the source of them asks the yard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Uploaded:
    """One file of an upload: where its bytes are below the folder, and what was said of them."""

    path: str
    at: str
    sha256: str = ""


class Uploads(Protocol):
    """Where complete uploads are; only the yard knows."""

    def find(self, name: str, revision: str) -> Sequence[Uploaded]:
        """Give the files of the upload of this name that is, or became, this revision."""
        ...

    def became(self, name: str, revision: str, commit: str) -> None:
        """Remember which commit the files of an upload are."""
        ...
