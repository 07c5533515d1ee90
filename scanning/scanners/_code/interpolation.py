"""What OmegaConf's interpolations come to within one file: `${a.b}`, `${.c}`, `${oc.env:X,y}`.

Grammar: https://omegaconf.readthedocs.io/en/latest/grammar.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from scanning.scanners._code.config_tree import Level

OPENING = "${"
_RESOLVER = re.compile(r"\s*([A-Za-z_]\w*(?:\.\w+)*)\s*:(.*)", re.DOTALL)
_STARTING = re.compile(r"\$\{\s*([A-Za-z_]\w*(?:\.\w+)*)\s*:")
_PATH = re.compile(r"(?:\$\{[\w.\s\[\]-]*\}[\w./-]*)+\Z")
_KEYS = re.compile(r"[^.\[\]]+")
_WHOLE = re.compile(r"\$\{([^${}:]+)\}\Z")
_NODES = frozenset({"oc.select", "oc.deprecated"})
_DEFAULTS = frozenset({"oc.env", "oc.select"})
_MAX_DEPTH = 20
_MAX_STEPS = 200_000
_STEP = 100  # letters
_MAX_SPENT = 50_000_000
_LONGEST = 10_000
_MAX_HOPS = 20


@dataclass(slots=True)
class Resolver:
    """Works interpolations out; bounded by steps, since they may name each other without end."""

    root: Level
    _steps: int = 0
    _spent: int = 0

    def spend(self, value: str, times: int) -> bool:
        """Whether there is work left for a text that is gone through so many times."""
        self._spent += len(value) * times
        return self._spent <= _MAX_SPENT

    def text(self, value: str, level: Level, unknown: str | None = None, depth: int = 0) -> str:
        """The text that it comes to, `unknown` for parts that the file does not tell.

        ValueError where such a part is, and `unknown` is None.
        """
        self._steps += 1 + len(value) // _STEP
        if depth > _MAX_DEPTH or self._steps > _MAX_STEPS or len(value) > _LONGEST:
            raise ValueError("more interpolations than are followed")
        parts, at = [], 0
        while (start := value.find(OPENING, at)) >= 0:
            if value[start - 1 : start] == "\\":
                parts += [value[at : start - 1], OPENING]
                at = start + len(OPENING)
                continue
            end = closing(value, start)
            inner = self.text(value[start + len(OPENING) : end], level, unknown, depth + 1)
            found = self._looked_up(inner, level, unknown, depth)
            if found is None:
                raise ValueError(inner)
            parts += [value[at:start], found]
            at = end + 1
        return "".join(parts) + value[at:]

    def _looked_up(self, inner: str, level: Level, unknown: str | None, depth: int) -> str | None:
        match = _RESOLVER.match(inner)
        if match is None:
            found = self._node(inner, level)
        else:
            given = arguments(match[2])
            if match[1] == "oc.decode" and given:
                return self.text(given[0], level, unknown, depth + 1)
            found = self._node(given[0], level) if match[1] in _NODES and given else None
            if found is None and match[1] in _DEFAULTS and len(given) > 1:
                return self.text(given[1], level, unknown, depth + 1)
        if found is None or not isinstance(found[0], str) or found[0] == "???":
            return unknown
        return self.text(found[0], found[1], unknown, depth + 1)

    def _node(self, path: str, level: Level, hops: int = 0) -> tuple[object, Level] | None:
        """What stands at a path, and the table it stands in."""
        path = path.strip()
        dots = len(path) - len(path.lstrip("."))
        here: Level | None = level if dots else self.root
        for _ in range(dots - 1):
            here = here.above if here is not None else None
        found: object = None
        for count, key in enumerate(keys := _KEYS.findall(path), 1):
            self._steps += 1
            if here is None or self._steps > _MAX_STEPS:
                return None
            found = here.at(key)
            if isinstance(found, str) and hops < _MAX_HOPS and (match := _WHOLE.match(found)):
                other = self._node(match[1], here, hops + 1)
                if other is None:
                    return None
                found, here = other
            if count < len(keys):
                here = Level(found, key, here) if isinstance(found, dict | list) else None
        return None if here is None else (found, here)


def is_interpolation(value: str) -> bool:
    """Whether it begins as a function of OmegaConf's, or is nothing but a path."""
    return bool(_STARTING.match(value) or _PATH.match(value))


def closing(value: str, start: int) -> int:
    """Where the braces close that open at `start`; ValueError where they do not."""
    depth = 0
    for at in range(start, len(value)):
        if value[at] == "{":
            depth += 1
        elif value[at] == "}":
            depth -= 1
            if not depth:
                return at
    raise ValueError("an interpolation without end")


def resolvers_in(value: str) -> Iterator[tuple[str, str]]:
    """Names and arguments of all functions of interpolation in a text, inner ones too."""
    for match in _STARTING.finditer(value[:_LONGEST]):
        try:
            yield match[1], value[match.end() : closing(value, match.start())]
        except ValueError:
            yield match[1], value[match.end() :]


def arguments(text: str) -> list[str]:
    """Split at commas outside of quotes and brackets; quotes around a whole argument go."""
    parts, start, depth, quote = [], 0, 0, ""
    for at, one in enumerate(text):
        if quote:
            quote = "" if one == quote and text[at - 1] != "\\" else quote
        elif one in "\"'":
            quote = one
        elif one in "([{":
            depth += 1
        elif one in ")]}":
            depth -= 1
        elif one == "," and not depth:
            parts.append(text[start:at])
            start = at + 1
    parts.append(text[start:])
    return [unquoted(part.strip()) for part in parts]


def unquoted(text: str) -> str:
    is_quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return re.sub(r"\\([\"'\\])", r"\1", text[1:-1]) if is_quoted else text
