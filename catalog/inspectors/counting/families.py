"""Facts of model types that their configurations do not say, and values that they leave out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

_TABLE: Final = Path(__file__).with_name("families.json")
_NOTHING: Final[Mapping[str, object]] = {}


@dataclass(frozen=True, slots=True)
class Family:
    """One model type.

    `rule` names the rule that counts it, `facts` say how its layers are built, `usual` holds what
    its configuration class takes for fields that are left out (files hold only differences from
    it), and `parts` the types of its nested configurations.
    """

    known: bool = False
    rule: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)
    usual: Mapping[str, object] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)
    usual_parts: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    def fact(self, name: str) -> object:
        """Return a fact; None where the table has none."""
        return self.facts.get(name)

    def usual_part(self, name: str) -> Mapping[str, object]:
        """Return what the class takes for a nested configuration that is left out as a whole."""
        return self.usual_parts.get(name, _NOTHING)


UNKNOWN: Final = Family()


def family_of(kind: str) -> Family:
    """Return what is known of a model type; UNKNOWN for others."""
    return _families().get(kind, UNKNOWN)


@cache
def _families() -> Mapping[str, Family]:
    rows = json.loads(_TABLE.read_bytes())
    return {name: Family(known=True, **row) for name, row in rows.items()}
