"""Configuration as tables and lists, with the way to each: of YAML too, where nothing is built."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

MAX_LEVELS = 1_000_000
_MAX_MERGED = 200_000
_MERGE = "<<"


@dataclass(frozen=True, slots=True)
class Level:
    """A table or a list, the key it stands under, and what it stands in."""

    here: dict[str, Any] | list[Any]
    key: str = ""
    above: Level | None = None

    @property
    def path(self) -> tuple[str, ...]:
        keys, level = [self.key], self.above
        while level is not None:
            keys.append(level.key)
            level = level.above
        return tuple(reversed(keys))[1:]

    def parts(self) -> Iterator[tuple[str, Any]]:
        if isinstance(self.here, dict):
            yield from self.here.items()
        else:
            yield from ((str(place), one) for place, one in enumerate(self.here))

    def texts(self) -> Iterator[tuple[str, str]]:
        return ((key, one) for key, one in self.parts() if isinstance(one, str))

    def at(self, key: str) -> object:
        """What stands under a key here; None where nothing does."""
        if isinstance(self.here, dict):
            return self.here.get(key)
        is_place = key.isdecimal() and len(key) < 9  # noqa: PLR2004 longer than any list
        return self.here[int(key)] if is_place and int(key) < len(self.here) else None


def levels_in(root: object, *, has_aliases: bool = False) -> Iterator[Level]:
    """Give every table and list; once, where aliases stand for it. Little is kept at a time."""
    if not isinstance(root, dict | list):
        return
    waiting, seen, count = [iter([Level(root)])], set[int](), 0
    while waiting and count < MAX_LEVELS:
        level = next(waiting[-1], None)
        if level is None:
            waiting.pop()
        elif not has_aliases or id(level.here) not in seen:
            count += 1
            seen |= {id(level.here)} if has_aliases else set()
            yield level
            waiting.append(_inside(level))


def _inside(level: Level) -> Iterator[Level]:
    for key, one in level.parts():
        if isinstance(one, dict | list) and not _is_numbers(one):
            yield Level(one, key, level)


def _is_numbers(one: dict[str, Any] | list[Any]) -> bool:
    """Coordinates and the like, of which a file can have millions; whole numbers are read as 0."""
    return isinstance(one, list) and all(isinstance(part, float) or part == "0" for part in one)


@dataclass(slots=True)
class _Open:
    here: dict[str, Any] | list[Any]
    anchor: str | None
    key: str | None = None


@dataclass(slots=True)
class TreeBuilder:
    """Takes a parser's events; scalars stay text. `is_spent`: it joins more than is followed."""

    documents: list[Any] = field(default_factory=list)
    is_spent: bool = False
    _open: list[_Open] = field(default_factory=list)
    _anchors: dict[str, Any] = field(default_factory=dict)
    _merged: int = 0

    def start(self, here: dict[str, Any] | list[Any], anchor: str | None) -> None:
        self.place(here, None)
        self._open.append(_Open(here, anchor))

    def end(self) -> None:
        """Only now can an alias stand for it: in itself it would be without end."""
        closed = self._open.pop()
        if isinstance(closed.here, dict) and _MERGE in closed.here:
            self._merge(closed.here)
        if closed.anchor:
            self._anchors[closed.anchor] = closed.here

    def alias(self, anchor: str) -> str:
        """Put what it stands for, and tell its text if it is one."""
        found = self._anchors.get(anchor)
        self.place(found, None)
        return found if isinstance(found, str) else ""

    def place(self, value: object, anchor: str | None) -> None:
        if anchor:
            self._anchors[anchor] = value
        if not self._open:
            self.documents.append(value)
            return
        top = self._open[-1]
        if isinstance(top.here, list):
            top.here.append(value)
        elif top.key is None:
            top.key = value if isinstance(value, str) else ""
        else:
            top.here[top.key] = value
            top.key = None

    def _merge(self, here: dict[str, Any]) -> None:
        found = here[_MERGE]
        for one in found if isinstance(found, list) else [found]:
            if not isinstance(one, dict):
                continue
            self._merged += len(one)
            if self._merged > _MAX_MERGED:
                self.is_spent = True
                return
            for key, value in one.items():
                here.setdefault(key, value)
