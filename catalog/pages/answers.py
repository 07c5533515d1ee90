"""What every engine said of a content, as pages and REST show it side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from core.wording import file_size
from registry.enums import ScanVerdict
from scanning.models import Scan
from scanning.sandbox import BROKEN
from scanning.scanners import Rule, Scanner, scanners

FLAGGED, CLEAN, NOT_COVERED, IS_BROKEN, NOT_RUN = "flagged", "clean", "not covered", "broken", ""
NOTED = "noted"  # clean, with a remark
# What stands for several answers: what was found, else the least that can be relied on.
LOUDEST = (FLAGGED, IS_BROKEN, NOT_COVERED, NOTED, CLEAN, NOT_RUN)
_FLAGS = {ScanVerdict.UNSAFE.value, ScanVerdict.SUSPICIOUS.value}
OURS = "ours"


@dataclass(frozen=True, slots=True)
class Column:
    """One opinion beside others: an engine of others, or all of ours together."""

    key: str
    title: str
    slugs: frozenset[str]


@dataclass(frozen=True, slots=True)
class Cell:
    """The answer of one column; `words` say more to who points at it."""

    column: Column
    state: str
    words: str


@cache
def columns() -> tuple[Column, ...]:
    foreign = sorted((cls for cls in scanners if cls.is_foreign), key=lambda cls: cls.slug)
    ours = frozenset(cls.slug for cls in scanners if not cls.is_foreign)
    others = [Column(cls.slug, cls.title, frozenset({cls.slug})) for cls in foreign]
    return (Column(OURS, "This yard", ours), *others)


def state_of(scan: Scan) -> str:
    if scan.verdict in _FLAGS:
        return FLAGGED
    if scan.verdict == ScanVerdict.CLEAN:
        return CLEAN
    return IS_BROKEN if scan.detail.startswith(BROKEN) else NOT_COVERED


def loudest(states: Iterable[str]) -> str:
    return min(states, key=LOUDEST.index, default=NOT_RUN)


def cells(
    answers: Mapping[str, Sequence[Scan]], flagging: Mapping[str, str] | None = None
) -> tuple[Cell, ...]:
    """One cell for each column; `flagging` is what a finding makes of who names it."""
    states = {slug: loudest(map(state_of, scans)) for slug, scans in answers.items()}
    for slug, state in (flagging or {}).items():
        states[slug] = loudest([state, states.get(slug, NOT_RUN)])
    is_understood = any(map(_understands, states))
    return tuple(_cell(column, states, is_understood=is_understood) for column in columns())


def _cell(column: Column, states: Mapping[str, str], *, is_understood: bool) -> Cell:
    mine = {slug: state for slug, state in states.items() if slug in column.slugs}
    if column.key == OURS and not is_understood and loudest(mine.values()) != FLAGGED:
        return Cell(column, NOT_COVERED, "no engine knows this format")
    words = "; ".join(f"{title_of(slug)}: {state}" for slug, state in sorted(mine.items()))
    state = loudest(mine.values())
    return Cell(column, state, words or f"{column.title} did not look at it")


@dataclass(frozen=True, slots=True)
class Covered:
    """Of how many bytes of a file an engine that knows its format knows what they are."""

    size: int
    most: int | None
    words: str

    @property
    def percent(self) -> int | None:
        """Whole percent, never rounded up to all."""
        if self.most is None:
            return None
        return int(100 * self.most / self.size) if self.size else 100


def covered(answers: Mapping[str, Sequence[Scan]], size: int) -> Covered:
    """The engine that covers most counts; one that reads bytes without their format does not."""
    told = {slug: covered_by(scans) for slug, scans in answers.items()}
    parts = [f"{title_of(slug)} {_amount(count)}" for slug, count in sorted(told.items())]
    words = f"of {file_size(size)}: {', '.join(parts) or 'no engine looked'}"
    counting = [count for slug, count in told.items() if _understands(slug)]
    known = [count for count in counting if count is not None]
    return Covered(size, max(known, default=None if counting else 0), words)


def _amount(count: int | None) -> str:
    return "does not say" if count is None else file_size(count)


def _understands(slug: str) -> bool:
    found = _classes().get(slug)
    return found is not None and found.understands_formats


def covered_by(scans: Iterable[Scan]) -> int | None:
    """Nothing where an engine could not look, None where it cannot say how much."""
    told = [0 if scan.coverage == "none" else scan.covered_bytes for scan in scans]
    return None if None in told else min((n for n in told if n is not None), default=None)


def title_of(slug: str) -> str:
    found = _classes().get(slug)
    return found.title if found else slug


def rule_of(slug_or_rule: str, engines: Iterable[str] = ()) -> Rule:
    """The title and reference of a rule, as the engines that name it declare them."""
    for slug in engines:
        declared = _classes().get(slug)
        if declared is not None and slug_or_rule in declared.rules:
            return declared.rules[slug_or_rule]
    known = _own_rules().get(slug_or_rule)
    return known or Rule(slug_or_rule.replace("_", " ").capitalize())


def engine_rows(
    answers: Mapping[str, Sequence[Scan]], size: int, missing: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Every engine that looked, worst first, and those that did not, with why."""
    rows = [
        {
            "slug": slug,
            "title": title_of(slug),
            "state": loudest(map(state_of, scans)),
            "engine": scans[0].engine,
            "covered": covered_by(scans),
            "size": size,
            "detail": "; ".join(dict.fromkeys(scan.detail for scan in scans if scan.detail)),
            "at": max(scan.scanned_at for scan in scans),
        }
        for slug, scans in answers.items()
    ]
    rows.sort(key=lambda row: (LOUDEST.index(str(row["state"])), str(row["title"]).lower()))
    rest = [
        {"slug": slug, "title": title_of(slug), "state": NOT_RUN, "detail": why, "at": None}
        for slug, why in missing.items()
    ]
    return [*rows, *rest]


@cache
def _classes() -> dict[str, type[Scanner]]:
    return {cls.slug: cls for cls in scanners}


@cache
def _own_rules() -> dict[str, Rule]:
    gaps = {
        "not_covered": Rule("Not looked at completely"),
        "not_understood": Rule("A format that no engine knows"),
    }
    return {rule: found for cls in scanners for rule, found in cls.rules.items()} | gaps
