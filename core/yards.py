"""What yards that take models from one another say, in two headers. No Django here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

YARD: Final = "X-Yard"  # on every answer of the Hub's side: which yard it is from
HOPS: Final = "X-Yard-Hops"  # on what a yard asks: how many yards the question left, and which
MOST_HOPS: Final = 3
_INSTANCE = "[0-9a-f]{32}"
_SAID = re.compile(rf"modelyard/\d{{1,3}} instance=({_INSTANCE})(?:[; ].*)?")
_WAY = re.compile(rf"([1-9]\d?)(?:; ?via=({_INSTANCE}(?:,{_INSTANCE}){{0,3}}))?")


def instance_of(said: str) -> str:
    """Which yard an answer is from, by its header; '' when it is from none."""
    found = _SAID.fullmatch(said)
    return found[1] if found else ""


@dataclass(frozen=True, slots=True)
class Way:
    """How many yards a question left before it came here, and the names of those that said it."""

    hops: int = 0
    via: tuple[str, ...] = ()

    @property
    def is_too_long(self) -> bool:
        return self.hops > MOST_HOPS

    def onward(self, instance: str) -> str:
        """The header of what this yard asks because of a question that came this way."""
        return f"{self.hops + 1}; via={','.join([*self.via, instance])}"


def way_of(said: str) -> Way:
    """Read the header; what cannot be read came too far."""
    found = _WAY.fullmatch(said) if said else None
    if found is None:
        return Way(hops=MOST_HOPS + 1 if said else 0)
    return Way(int(found[1]), tuple(found[2].split(",")) if found[2] else ())
