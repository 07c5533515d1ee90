"""What a fetch would do: bytes to move, what is here already, what stays behind, what to know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from core.wording import file_size, grouped
from downloads.planning.formats import format_of, has_weights, suffix_of
from downloads.planning.quantizations import part_of
from downloads.planning.selection import Selection, unmatched
from downloads.policy import space_needed

XET_LIMIT: Final = 50_000_000_000  # huggingface_hub refuses larger files over plain HTTP
NAMED: Final = 5  # files of one note


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """One file of the repository and what would become of it: `move`, `stored` or `left_out`."""

    path: str
    size: int
    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """One thing worth knowing before anything moves; programs match on `code`."""

    code: str
    title: str
    text: str
    is_warning: bool = True


@dataclass(frozen=True, slots=True)
class Sum:
    files: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What would move and what would not; computed from values in hand, without side effects."""

    selection: Selection
    files: tuple[PlannedFile, ...]
    free_bytes: int
    limits: tuple[str, ...]
    notes: tuple[Note, ...]

    def of(self, *states: str) -> Sum:
        """Count the files in these states and their bytes."""
        found = [file.size for file in self.files if file.state in states]
        return Sum(len(found), sum(found))

    @property
    def taken(self) -> Sum:
        return self.of("move", "stored")

    @property
    def needed_bytes(self) -> int:
        """Free space that moving takes, with what must stay free."""
        return space_needed(self.of("move").size)

    @property
    def fits(self) -> bool:
        return self.needed_bytes <= self.free_bytes

    @property
    def left_out(self) -> dict[str, Sum]:
        """What stays behind, by its reason."""
        files: Counter[str] = Counter()
        sizes: Counter[str] = Counter()
        for file in self.files:
            if file.state == "left_out":
                files[file.reason] += 1
                sizes[file.reason] += file.size
        return {reason: Sum(count, sizes[reason]) for reason, count in sorted(files.items())}

    def to_json(self) -> dict[str, Any]:
        return {
            "selection": self.selection.to_json(),
            "take": _sum(self.taken),
            "move": _sum(self.of("move")),
            "stored": _sum(self.of("stored")),
            "left_out": {reason: _sum(one) for reason, one in self.left_out.items()},
            "needed_bytes": self.needed_bytes,
            "free_bytes": self.free_bytes,
            "fits": self.fits,
            "limits": list(self.limits),
            "warnings": [
                {"code": note.code, "title": note.title, "text": note.text} for note in self.notes
            ],
        }


def _sum(one: Sum) -> dict[str, int]:
    return {"files": one.files, "size_bytes": one.size}


def make_plan(
    sizes: Mapping[str, int],
    *,
    selection: Selection,
    left_out: Mapping[str, str],
    stored: frozenset[str],
    free_bytes: int,
    limits: Sequence[str] = (),
) -> Plan:
    """Put a plan together from what was chosen and what is stored already."""
    files = tuple(_planned(path, size, left_out[path], stored) for path, size in sizes.items())
    plan = Plan(selection, files, free_bytes, tuple(limits), ())
    return Plan(selection, files, free_bytes, tuple(limits), tuple(_notes(plan)))


def _planned(path: str, size: int, why: str, stored: frozenset[str]) -> PlannedFile:
    if why:
        return PlannedFile(path, size, "left_out", why)
    return PlannedFile(path, size, "stored" if path in stored else "move")


def _notes(plan: Plan) -> Iterator[Note]:
    taken = [file for file in plan.files if file.state != "left_out"]
    yield from _space(plan)
    yield from _weights(plan, taken)
    yield from _large(taken)
    yield from _split(taken)
    if missing := unmatched([file.path for file in plan.files], plan.selection):
        text = f"No path matches {_named(missing)}. Letter case counts."
        yield Note("pattern_matches_nothing", "A pattern matches nothing.", text)
    if any(suffix_of(file.path) == ".py" for file in taken):
        text = "It brings Python files, which clients run only with trust_remote_code."
        yield Note("custom_code", "Code of its own.", text, is_warning=False)


def _space(plan: Plan) -> Iterator[Note]:
    if not plan.fits:
        text = f"This needs {file_size(plan.needed_bytes)}; {file_size(plan.free_bytes)} are free."
        yield Note("no_space", "Not enough space.", f"{text} The job would wait for space.")


def _weights(plan: Plan, taken: Sequence[PlannedFile]) -> Iterator[Note]:
    formats = {name for file in taken if (name := format_of(file.path))}
    pickles = formats & {"pickle", "joblib"}
    if not any(has_weights(file.path) for file in taken):
        if any(has_weights(file.path) for file in plan.files):
            text = "The selection takes no weights, so nothing could load this model."
            yield Note("no_weights", "No weights.", text)
    elif pickles and formats <= {"pickle", "joblib", "numpy"}:
        text = "Its weights exist only as pickles, a format that can run code when it is loaded."
        if any(format_of(file.path) == "safetensors" for file in plan.files):
            text = "Of its weights only the pickles are taken; there are safetensors as well."
        yield Note("only_pickles", "Only pickles.", text)
    elif len(formats) > 1:
        text = f"The same weights may be there more than once: as {', '.join(sorted(formats))}."
        way = "A preset takes one." if not plan.selection.preset else ""
        yield Note("mixed_formats", "Mixed formats.", f"{text} {way}".strip(), is_warning=False)


def _large(taken: Iterable[PlannedFile]) -> Iterator[Note]:
    large = [file for file in taken if file.size > XET_LIMIT]
    if large:
        named = _named([f"{file.path} ({file_size(file.size)})" for file in large])
        text = f"{named}: files over 50 GB cannot be served to standard Hub clients without Xet."
        yield Note("over_50_gb", "Very large file.", text)


def _split(taken: Iterable[PlannedFile]) -> Iterator[Note]:
    """A whole of which parts are missing cannot be loaded."""
    parts: dict[tuple[str, int], set[int]] = {}
    for file in taken:
        if found := part_of(file.path):
            parts.setdefault((found[0], found[2]), set()).add(found[1])
    broken = [name for (name, count), found in parts.items() if len(found) < count]
    if broken:
        text = f"Parts are missing of {_named(broken)}, which nothing can load so."
        yield Note("parts_missing", "Parts are missing.", text)


def _named(words: Sequence[str]) -> str:
    more = len(words) - NAMED
    text = ", ".join(words[:NAMED])
    return f"{text} and {grouped(more)} more" if more > 0 else text
