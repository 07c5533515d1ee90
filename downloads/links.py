"""How a source tells where the bytes of a file are, without downloads knowing any source."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class FileLink:
    """A final address. With a `token` only our own client may fetch it, never aria2.

    With a `folder` it is `file:` and a path below that folder of this machine.
    """

    url: str
    token: str = ""
    folder: Path | None = None


class LinkResolver(Protocol):
    def link(self, path: str) -> FileLink:
        """Give a fresh address of a file of the pinned version."""
        ...
