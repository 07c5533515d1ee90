"""Counts of findings: by severity, by engine, and beside each choice of a filter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from catalog.pages.answers import title_of
from catalog.pages.rail import Facet, Option
from catalog.selectors.inbox import CHOICES, SEVERITIES, Combination, FindingFilter

TITLES = {
    "severity": "Severity",
    "state": "State",
    "verdict": "Verdict",
    "engine": "Found by",
    "model": "Model",
}
STATES = (("open", "open"), ("waived", "waived"), ("all", "open and waived"))
_BADGES = {"severity": "severity", "verdict": "scan"}
_FACETS = ("severity", "verdict", "engine")


@dataclass(frozen=True, slots=True)
class EngineCount:
    """How many findings of each severity an engine has a part in."""

    title: str
    counts: dict[str, int]
    total: int


def figures(found: Sequence[Combination]) -> list[dict[str, object]]:
    counts: Counter[str] = Counter()
    for one in found:
        counts[one.severity] += one.n
    return [{"severity": word, "n": counts[word]} for word in SEVERITIES]


def by_engine(found: Sequence[Combination]) -> list[EngineCount]:
    counts: dict[str, Counter[str]] = {}
    for one in found:
        for slug in one.engines:
            counts.setdefault(slug, Counter())[one.severity] += one.n
    rows = [
        EngineCount(title_of(slug), {word: mine[word] for word in SEVERITIES}, mine.total())
        for slug, mine in counts.items()
    ]
    return sorted(rows, key=lambda row: (-row.total, row.title.lower()))


def facets(chosen: FindingFilter, found: Sequence[Combination]) -> list[Facet]:
    engines = sorted({slug for one in found for slug in one.engines})
    return [
        _facet("severity", chosen, found, SEVERITIES),
        _facet("verdict", chosen, found, CHOICES["verdict"]),
        _facet("engine", chosen, found, engines),
    ]


def _facet(
    name: str, chosen: FindingFilter, found: Sequence[Combination], values: Sequence[str]
) -> Facet:
    """Beside each choice the findings that the other filters leave."""
    picked: tuple[str, ...] = getattr(chosen, name)
    counts: Counter[str] = Counter()
    for one in found:
        if is_left(one, chosen, besides=name):
            counts.update(dict.fromkeys(_words_of(one, name), one.n))
    options = [
        Option(
            value=value,
            label=title_of(value) if name == "engine" else value,
            count=counts[value],
            more=False,
            selected=value in picked,
        )
        for value in dict.fromkeys([*values, *picked])
    ]
    kind = _BADGES.get(name, "")
    return Facet(name, TITLES[name], kind, open=True, options=tuple(options))


def is_left(one: Combination, chosen: FindingFilter, *, besides: str = "") -> bool:
    """Say whether the filters, but one, leave findings of this combination."""
    return all(
        name == besides
        or not getattr(chosen, name)
        or _words_of(one, name) & {*getattr(chosen, name)}
        for name in _FACETS
    )


def _words_of(one: Combination, name: str) -> set[str]:
    if name == "engine":
        return set(one.engines)
    return {one.severity if name == "severity" else one.verdict}


def chips_of(chosen: FindingFilter) -> list[dict[str, str]]:
    """Name each filter in force, in the words of the rail."""
    picked = [(name, value) for name in _FACETS for value in getattr(chosen, name)]
    if chosen.state != "open":
        picked.append(("state", chosen.state))
    if chosen.model:
        picked.append(("model", chosen.model))
    return [
        {"name": name, "value": value, "title": TITLES[name], "label": _label(name, value)}
        for name, value in picked
    ]


def _label(name: str, value: str) -> str:
    if name == "engine":
        return title_of(value)
    return dict(STATES)[value] if name == "state" else value
