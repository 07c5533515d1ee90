"""What the scanners of a source say of its files: its statement, which can only hold back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

KEY: Final = "source_scan"  # among the facts of a version
MOST: Final = 500
# Words that tell of no finding: nobody looked yet, or could not. All others are warnings.
_NO_FINDING: Final = frozenset({"safe", "unscanned", "queued", "error"})


@dataclass(frozen=True, slots=True)
class SourceScan:
    """The source's word for each file that it names; a file that it does not name may be unscanned.

    `is_done` is what it says of its scan; `is_whole` is false where it says more than was read.
    `against` is a sentence against the version as a whole; '' where it has none.
    """

    is_done: bool
    levels: Mapping[str, str] = field(default_factory=dict)
    is_whole: bool = True
    against: str = ""

    @property
    def warnings(self) -> dict[str, str]:
        """The files that it warns of."""
        return {path: level for path, level in self.levels.items() if level not in _NO_FINDING}

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def beside(self, other: SourceScan | None) -> SourceScan:
        """Join two statements about one version: of each file the warning counts."""
        if other is None:
            return self
        levels = {**self.levels, **other.levels, **self.warnings, **other.warnings}
        return SourceScan(
            is_done=self.is_done and other.is_done,
            levels=dict(list(levels.items())[:MOST]),
            is_whole=self.is_whole and other.is_whole and len(levels) <= MOST,
            against=self.against or other.against,
        )

    def objection(self, paths: Collection[str]) -> str:
        """Say what it warns of in these files, or that this cannot be known; '' where nothing."""
        if self.against:
            return self.against
        found = [(path, word) for path, word in self.warnings.items() if path in paths]
        if found:
            path, word = found[0]
            named = f"calls {path} {word}" if word else f"names an issue with {path}"
            more = f", and warns of {len(found) - 1} more" if len(found) > 1 else ""
            return f"Its source {named}{more}. The version can be had without such files."
        return "" if self.is_whole else "What its source says of its own scan was not read whole."


def read_source_scan(told: object) -> SourceScan | None:
    """Read what `to_json` wrote; None where the source said nothing.

    What is there and has another form is not whole.
    """
    if told is None:
        return None
    known = told if isinstance(told, Mapping) else {}
    levels = known.get("levels")
    rows = levels if isinstance(levels, Mapping) else {}
    kept = {str(path): str(level) for path, level in list(rows.items())[:MOST]}
    is_whole = isinstance(levels, Mapping) and len(rows) <= MOST and known.get("is_whole") is True
    against = known.get("against", "")
    is_whole = is_whole and isinstance(against, str)
    return SourceScan(known.get("is_done") is True, kept, is_whole, str(against))
