"""Which files of a repository are taken, and why the others are not. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from core.errors import InvalidInputError
from downloads.planning.formats import format_of, has_weights, is_always_taken, suffix_of
from downloads.planning.patterns import matches, read_patterns
from downloads.planning.presets import preset_named, taken_by

PATTERN: Final = "pattern"
TOO_LARGE: Final = "policy: too large"
Limits = Sequence[Mapping[str, object]]  # those of every policy in force


@dataclass(frozen=True, slots=True)
class Selection:
    """What somebody wants of a repository; everything, where nothing is said.

    A preset, `include` and `exclude` each narrow. Configuration, tokenizer, card and license come
    along whatever preset and `include` say; `exclude` alone leaves them out.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    preset: str = ""

    @classmethod
    def read(
        cls, *, include: str | Iterable[str], exclude: str | Iterable[str], preset: str
    ) -> Selection:
        """Check what a person wrote; InvalidInputError says what is wrong with which field."""
        slug, variant = "", ""
        if preset.strip():
            found, variant = preset_named(preset)
            slug = found.slug
        return cls(
            include=read_patterns(include, field="include"),
            exclude=read_patterns(exclude, field="exclude"),
            preset=f"{slug}:{variant}" if variant else slug,
        )

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Selection | None:
        """Read what an intake keeps; None where nobody said anything about files."""
        if not kept:
            return None
        return cls(tuple(kept["include"]), tuple(kept["exclude"]), str(kept["preset"]))

    def to_json(self) -> dict[str, object]:
        return {
            "include": list(self.include),
            "exclude": list(self.exclude),
            "preset": self.preset,
        }

    @property
    def is_all(self) -> bool:
        return not (self.include or self.exclude or self.preset)

    @property
    def words(self) -> str:
        """The selection in a few words, for pages and names of runs."""
        said = [f"preset {self.preset}"] if self.preset else []
        said += [f"only {' '.join(self.include)}"] if self.include else []
        said += [f"without {' '.join(self.exclude)}"] if self.exclude else []
        return ", ".join(said) or "all files"


ALL: Final = Selection()


def choose(
    sizes: Mapping[str, int],
    selection: Selection,
    *,
    limits: Limits = (),
    keep: frozenset[str] = frozenset(),
) -> dict[str, str]:
    """Say of every path why it is left out ('' when it is taken); `sizes` are theirs in bytes.

    What every policy refuses is left out as well, unless no weights were left: then the version is
    to be held with the reason rather than admitted hollow. `keep` names license files that only
    the card tells. Raises InvalidInputError when a preset finds nothing that it could load, or when
    nothing at all is taken.
    """
    asked = _asked(sizes, selection, keep)
    refused = {path: why for path in sizes if (why := refused_by_all(path, sizes[path], limits))}
    weights = {path for path, why in asked.items() if not why and has_weights(path)}
    if weights and weights <= refused.keys():
        refused = {path: why for path, why in refused.items() if path not in weights}
    found = {path: refused.get(path, why) for path, why in asked.items()}
    if found and all(found.values()):
        raise InvalidInputError("This selection takes no file at all.", field="include")
    return found


def _asked(sizes: Mapping[str, int], selection: Selection, keep: frozenset[str]) -> dict[str, str]:
    needed = frozenset(sizes)
    if selection.preset:
        needed = taken_by(*preset_named(selection.preset), sizes)
    return {path: _why(path, selection, needed, keep) for path in sizes}


def _why(path: str, selection: Selection, needed: frozenset[str], keep: frozenset[str]) -> str:
    if matches(path, selection.exclude):
        return PATTERN
    if path in keep or is_always_taken(path):
        return ""
    if path not in needed:
        return f"preset {selection.preset}"
    if selection.include and not matches(path, selection.include):
        return PATTERN
    return ""


def refused_by_all(path: str, size: int, limits: Limits) -> str:
    """Say why no policy would have the file; '' while one would, or while there is none."""
    reasons = [refused_by(path, size, one) for one in limits]
    return reasons[0] if reasons and all(reasons) else ""


def refused_by(path: str, size: int, limits: Mapping[str, object]) -> str:
    """Say why this policy would not have the file, by its ending, its format or its size."""
    suffix, kind = suffix_of(path), format_of(path)
    endings, formats = limits.get("extensions_refused"), limits.get("formats_refused")
    largest = limits.get("max_file_bytes")
    if suffix and isinstance(endings, list) and suffix in endings:
        return f"policy: {suffix}"
    if kind and isinstance(formats, list) and kind in formats:
        return f"policy: {kind}"
    if isinstance(largest, int) and size > largest:
        return TOO_LARGE
    return ""


def unmatched(sizes: Iterable[str], selection: Selection) -> tuple[str, ...]:
    """Give the patterns that match no path at all: spelled wrong, most often."""
    paths = list(sizes)
    given = (*selection.include, *selection.exclude)
    return tuple(one for one in given if not any(matches(path, (one,)) for path in paths))
