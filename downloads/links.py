"""How a source tells where the bytes of a file are, without downloads knowing any source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class FileLink:
    """A final address. With a `token` only our own client may fetch it, never aria2."""

    url: str
    token: str = ""


class LinkResolver(Protocol):
    def link(self, path: str) -> FileLink:
        """Give a fresh address of a file of the pinned version."""
        ...
