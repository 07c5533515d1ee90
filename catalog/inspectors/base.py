"""What inspectors read from, what they find, and how they say what they could not read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, Protocol

from catalog.cards import CardAnalysis
from core.errors import (
    InvalidInputError,
    TooLargeError,
    UpstreamForbiddenError,
    UpstreamNotFoundError,
)
from registry.configs import ModelConfig

if TYPE_CHECKING:
    from catalog.inspectors.evaluations import Evaluation

JsonObject = dict[str, object]
Status = Literal["completed", "partial"]
LARGEST_JSON = 8 << 20
# These say that a file cannot be had; the rest (down, limited, changed bytes) stops the run.
UNREADABLE: Final = (
    InvalidInputError,
    TooLargeError,
    UpstreamForbiddenError,
    UpstreamNotFoundError,
)


class Reader(Protocol):
    """Files of one pinned version, wherever they are."""

    def has(self, path: str) -> bool:
        """Tell whether the version has this file."""

    def size(self, path: str) -> int:
        """Return a file's size in bytes."""

    def read_text(self, path: str, limit: int) -> bytes:
        """Return a whole file of at most `limit` bytes, verified where a hash is known."""

    def read_range(self, path: str, start: int, end: int) -> bytes:
        """Return the bytes [start, end), fewer where the file ends."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a model is. `problems` names each thing that could not be read or does not fit."""

    model_type: str
    config: ModelConfig
    card: Mapping[str, object]
    licenses: tuple[str, ...]
    tasks: tuple[str, ...]
    tags: tuple[str, ...]
    languages: tuple[str, ...]
    description: str
    base_models: tuple[str, ...]
    problems: tuple[str, ...]
    analysis: CardAnalysis = field(default_factory=CardAnalysis)
    evaluations: tuple[Evaluation, ...] = ()
    datasets: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        """Partial as soon as there is a problem."""
        return "partial" if self.problems else "completed"


@dataclass(slots=True)
class Problems:
    """Collects what is wrong, once each and in bounds, in place of raising it."""

    found: list[str] = field(default_factory=list)

    def add(self, text: str) -> None:
        clean = "".join(c if c.isprintable() else " " for c in text[:300])
        if clean not in self.found and len(self.found) < 50:  # noqa: PLR2004 nobody reads more
            self.found.append(clean)


def read_bytes(reader: Reader, path: str, limit: int, problems: Problems) -> bytes | None:
    """Return a file's bytes; None with a problem noted when it is there and cannot be read."""
    if not reader.has(path):
        return None
    try:
        return reader.read_text(path, limit)
    except UNREADABLE as error:
        problems.add(f"{path} cannot be read: {error.message}")
        return None


def read_part(reader: Reader, path: str, start: int, end: int, problems: Problems) -> bytes | None:
    """Return a part of a file; None with a problem noted when it cannot be read."""
    try:
        return reader.read_range(path, start, end)
    except UNREADABLE as error:
        problems.add(f"{path} cannot be read: {error.message}")
        return None


def read_json(
    reader: Reader, path: str, problems: Problems, *, limit: int = LARGEST_JSON
) -> object:
    """Return a parsed JSON file; None when it is absent, or malformed (which is a problem)."""
    content = read_bytes(reader, path, limit, problems)
    if content is None:
        return None
    try:
        return parse_json(content, unique=True)
    except InvalidInputError as error:
        problems.add(f"{path} is not valid JSON: {error.message}")
        return None


def read_object(reader: Reader, path: str, problems: Problems) -> JsonObject | None:
    """Return a JSON file that must hold an object."""
    data = read_json(reader, path, problems)
    if data is None or isinstance(data, dict):
        return data
    problems.add(f"{path} holds no object")
    return None


def parse_json(content: bytes, *, unique: bool = False) -> object:
    """Parse untrusted JSON: any encoding fault, depth or number size is an InvalidInputError.

    With `unique`, so is an object that gives a name twice; without it, the last one counts.
    """
    pairs = _unique if unique else None
    try:
        text = content.decode("utf-8-sig")
        return json.loads(text, parse_constant=lambda _: None, object_pairs_hook=pairs)
    except UnicodeDecodeError as error:
        raise InvalidInputError("it is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise InvalidInputError(f"{error.msg} in line {error.lineno}") from error
    except RecursionError as error:
        raise InvalidInputError("it is nested too deeply") from error
    except ValueError as error:
        raise InvalidInputError("it has a number that is too long") from error


def _unique(pairs: list[tuple[str, object]]) -> JsonObject:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = Counter(name for name, _ in pairs)
        twice = next(name for name, times in names.items() if times > 1)
        raise InvalidInputError(f"it gives {twice[:80]!r} twice")
    return found


def as_count(value: object) -> int | None:
    """Return a positive whole number; None for all else (true and 1.5 are no counts)."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 < value <= 1 << 53 else None


def as_number(value: object, low: float, high: float) -> float | None:
    """Return a number within these bounds, both included; None for all else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if low <= value <= high else None


def as_text(value: object, limit: int = 200) -> str:
    """Return a short printable text; '' for all else."""
    if not isinstance(value, str):
        return ""
    return "".join(c if c.isprintable() else " " for c in value[:limit]).strip()


def as_lines(value: object) -> str:
    """Return a text of several lines without what no database keeps; '' for all else."""
    if not isinstance(value, str):
        return ""
    return value.encode("utf-8", "replace").decode().replace("\x00", "")


def as_object(value: object) -> JsonObject:
    """Return an object; an empty one for all else."""
    return value if isinstance(value, dict) else {}


def as_texts(value: object, limit: int = 200) -> tuple[str, ...]:
    """Return the texts of a list, or of one text alone; each once."""
    items = value if isinstance(value, list) else [value]
    texts = (as_text(item) for item in items[:limit])
    return tuple(dict.fromkeys(text for text in texts if text))


def first_count(data: Mapping[str, object], *names: str) -> int | None:
    """Return the first of several fields that holds a count."""
    return next((n for name in names if (n := as_count(data.get(name))) is not None), None)
