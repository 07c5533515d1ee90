"""One part of a configuration, read by any of the names that its fields go by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from catalog.inspectors.base import as_count, as_text, as_texts
from catalog.inspectors.counting.families import Family, family_of
from catalog.inspectors.counting.names import LAYERS, TEXT_PARTS

MOST_LAYERS: Final = 4096  # the deepest published models have a few hundred
_DEEPEST = 8


class NoRuleError(Exception):
    """The configuration is incomplete, contradicts itself, or no rule fits it."""


@dataclass(frozen=True, slots=True)
class Fields:
    """What a configuration says; for what it leaves out, what the class of its type takes.

    A field that is there and holds no number raises NoRuleError: nothing is put in its place.
    """

    given: Mapping[str, object]
    kind: str
    family: Family
    depth: int = 0

    def raw(self, *names: str) -> object:
        """Return the first value that is said, else the first usual one; null is not said."""
        for name in names:
            if (value := self.given.get(name)) is not None:
                return value
        for name in names:
            if name not in self.given and (value := self.family.usual.get(name)) is not None:
                return value
        return None

    def says(self, *names: str) -> bool:
        """Tell whether one of the fields has a value, said or usual."""
        return self.raw(*names) is not None

    def whole(self, *names: str) -> int | None:
        """Return a whole number from 0; None where nothing is said."""
        value = self.raw(*names)
        if value is None:
            return None
        if value == 0 and not isinstance(value, bool):
            return 0
        number = as_count(value)
        if number is None:
            raise NoRuleError(f"{names[0]} is no count")
        return number

    def count(self, *names: str) -> int | None:
        """Return a whole number from 1; None where nothing, or 0, is said."""
        return self.whole(*names) or None

    def need(self, *names: str) -> int:
        """Return a number without which there is no rule."""
        number = self.count(*names)
        if number is None:
            raise NoRuleError(f"{names[0]} is missing")
        return number

    def ratio(self, *names: str) -> float | None:
        """Return a positive number of any kind; None where nothing is said."""
        value = self.raw(*names)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise NoRuleError(f"{names[0]} is no number")
        if not 0 < value < 1e6:  # noqa: PLR2004 also false for NaN; ratios are small
            raise NoRuleError(f"{names[0]} is out of range")
        return float(value)

    def flag(self, *names: str) -> bool | None:
        """Return true or false as said; None where nothing is said."""
        value = self.raw(*names)
        return value if isinstance(value, bool) else None

    def word(self, *names: str) -> str:
        """Return a short text; '' for all else."""
        return as_text(self.raw(*names))

    def side(self, *names: str) -> int:
        """Return the length of a side; of the first where a list gives several."""
        value = self.raw(*names)
        if isinstance(value, list | tuple) and value:
            value = value[0]
        number = as_count(value)
        if number is None:
            raise NoRuleError(f"{names[0]} is missing")
        return number

    def series(self, *names: str) -> tuple[object, ...] | None:
        """Return a list of at most as many items as a model may have layers."""
        value = self.raw(*names)
        if not isinstance(value, list | tuple) or not value:
            return None
        if len(value) > MOST_LAYERS:
            raise NoRuleError(f"{names[0]} is too long")
        return tuple(value)

    def part(self, *names: str, kind: str = "") -> Fields | None:
        """Return a nested configuration; `kind` is its type where it names none."""
        if self.depth >= _DEEPEST:
            raise NoRuleError("too deeply nested")
        for name in names:
            value = self.given.get(name)
            if isinstance(value, Mapping) and value:
                return self._nested(value, kind or self.family.parts.get(name, ""))
        left_out = (n for n in names if n not in self.given and n in self.family.usual_parts)
        usual = next(left_out, None)
        if usual is None:
            return None
        if usual in TEXT_PARTS and any(name in self.given for name in LAYERS):
            return self._flat(self.family.parts[usual])
        return self._nested(self.family.usual_part(usual), self.family.parts[usual])

    def _flat(self, kind: str) -> Fields:
        """Return the whole as its own language part: older files do not nest it."""
        return Fields(self.given, kind, family_of(kind), self.depth + 1)

    def _nested(self, value: Mapping[str, object], kind: str) -> Fields:
        """Return a part; one that repeats the type of a whole is of the type `kind`."""
        own = as_text(value.get("model_type"))
        found = family_of(own)
        whole = bool(found.parts) and not family_of(kind).parts
        if kind and (own == self.kind or whole or not found.known):
            own = kind
        return Fields(value, own, family_of(own), self.depth + 1)


def fields_of(given: Mapping[str, object]) -> Fields:
    """Return a configuration with the facts of its model_type, or of its class in diffusers."""
    kind = as_text(given.get("model_type")) or as_text(given.get("_class_name"))
    return Fields(given, kind, family_of(kind))


def architecture(fields: Fields) -> str:
    """Return the name of the class that the weights belong to; '' where none is said."""
    names = as_texts(fields.raw("architectures"))
    return names[0] if names else ""
