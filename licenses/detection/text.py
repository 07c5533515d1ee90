"""Match the text of a license file with the licenses we know, word by word."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from rapidfuzz.distance import LCSseq

from licenses.detection.catalog import find_license, licenses
from licenses.detection.classes import LicenseClass
from licenses.detection.clauses import Clause, class_of, find_added_clauses, find_clauses
from licenses.detection.fingerprints import Drift, Form, drift_from, known_fingerprints
from licenses.detection.references import Reference, comparable, near_references
from licenses.detection.words import Words, read_words

State = Literal["exact", "modified", "titled", "named", "unmatched"]
_ALIKE = 0.75
_OWN_TEXT = 15
_NAME_WORDS = 12
_TITLE_WORDS = 250
_MOST_LICENSES = 4
_ATTEMPTS = 2


@dataclass(frozen=True)
class Difference:
    """Words that stand in the file and not in the license (`added`), or the other way round."""

    kind: Literal["added", "removed"]
    words: str
    lines: tuple[int, int]
    quote: str


@dataclass(frozen=True)
class Restriction:
    """A clause that forbids or restricts use, with where it stands."""

    license_class: LicenseClass
    says: str
    lines: tuple[int, int]
    quote: str


@dataclass(frozen=True)
class TextMatch:
    """What a license text is. Only `exact` means that every word is the license's own.

    `modified` names the license it comes from; `titled` is a model license whose wording we hold
    no reference for; `named` is a file of few words that only names its license.
    """

    state: State
    ids: tuple[str, ...]
    similarity: float
    lines: tuple[int, int]
    quote: str
    differences: tuple[Difference, ...] = ()
    restrictions: tuple[Restriction, ...] = ()


@dataclass(frozen=True)
class _Alignment:
    reference: Reference
    shared: int
    added: tuple[tuple[int, int], ...]
    removed: tuple[tuple[int, int, int], ...]

    @property
    def is_exact(self) -> bool:
        return not self.added and not self.removed

    @property
    def cover(self) -> float:
        return self.shared / len(self.reference.words)

    @property
    def foreign(self) -> int:
        removed = sum(end - start for start, end, _ in self.removed)
        return removed + sum(end - start for start, end in self.added)


def match_text(text: str) -> TextMatch:
    """Answer which license a text is, and every word in which it differs from it."""
    whole = read_words(text)
    words = comparable(whole)
    if not words.words:
        return _named(whole) or _unmatched(whole)
    aligned = _alignments(words)
    best = aligned[0]
    if best.is_exact:
        return _exact(words, best.reference.spdx)
    if several := _several(words, aligned, depth=_MOST_LICENSES):
        return replace(_exact(words, ""), ids=tuple(sorted(several)))
    return (
        _model_license(whole)
        or (_modified(words, best) if best.cover >= _ALIKE else None)
        or _named(whole)
        or _unmatched(whole)
    )


def _alignments(words: Words) -> list[_Alignment]:
    """Lay the text beside the nearest licenses; the one that explains most of it comes first."""
    found = (_align(words, reference) for reference in near_references(words))
    return sorted(
        found,
        key=lambda one: (
            not one.is_exact,
            one.foreign - one.shared,
            *_preference(one.reference.spdx),
        ),
    )


def _preference(spdx: str) -> tuple[bool, bool, int, str]:
    # GPL-2.0-only and -or-later share one text: alone it grants no later version.
    return (spdx not in licenses(), spdx.endswith("-or-later"), len(spdx), spdx)


def _align(words: Words, reference: Reference) -> _Alignment:
    if words.words == reference.words:
        return _Alignment(reference, len(words.words), (), ())
    added: list[tuple[int, int]] = []
    removed: list[tuple[int, int, int]] = []
    shared = 0
    for step in LCSseq.opcodes(reference.words, words.words):
        if step.tag == "equal":
            shared += step.dest_end - step.dest_start
            continue
        if step.dest_end > step.dest_start:
            added.append((step.dest_start, step.dest_end))
        if step.src_end > step.src_start:
            removed.append((step.src_start, step.src_end, step.dest_start))
    return _Alignment(reference, shared, tuple(added), tuple(removed))


def _exact(words: Words, spdx: str) -> TextMatch:
    count = len(words.words)
    opening = words.quote(0, min(count, _NAME_WORDS))
    return TextMatch("exact", (spdx,), 1.0, words.lines_of(0, count), opening)


def _several(words: Words, aligned: list[_Alignment], *, depth: int) -> frozenset[str]:
    """Read a file of whole licenses one after another; empty unless every word is theirs."""
    whole = [
        one for one in aligned if not one.removed and all(_at_edge(words, run) for run in one.added)
    ]
    # Few attempts: a hostile text must not make this search long.
    for one in whole[:_ATTEMPTS] if depth else ():
        rests = [_rest(words, run, depth=depth - 1) for run in one.added]
        if all(rests):
            return frozenset({one.reference.spdx}).union(*rests)
    return frozenset()


def _rest(words: Words, run: tuple[int, int], *, depth: int) -> frozenset[str]:
    rest = comparable(_cut(words, *run))
    return _several(rest, _alignments(rest), depth=depth) if rest.words else frozenset()


def _at_edge(words: Words, run: tuple[int, int]) -> bool:
    long_enough = run[1] - run[0] >= _OWN_TEXT
    return long_enough and (run[0] == 0 or run[1] == len(words.words))


def _cut(words: Words, start: int, end: int) -> Words:
    ends = tuple(at - start for at in words.ends if start < at <= end)
    return Words(words.words[start:end], words.lines[start:end], ends, words.raw)


def _modified(words: Words, best: _Alignment) -> TextMatch:
    differences = [_difference(words, "added", start, end) for start, end in best.added]
    for start, end, at in best.removed:
        gone = " ".join(best.reference.words[start:end])
        differences.append(replace(_difference(words, "removed", at, at + 1), words=gone))
    clauses = [c for run in best.added for c in find_added_clauses(words.words, *run)]
    count = len(words.words)
    return TextMatch(
        state="modified",
        ids=(best.reference.spdx,),
        similarity=round(2 * best.shared / (count + len(best.reference.words)), 4),
        lines=words.lines_of(0, count),
        quote=words.quote(0, min(count, _NAME_WORDS)),
        differences=tuple(sorted(differences, key=lambda found: found.lines)),
        restrictions=_restrictions(words, clauses),
    )


def _difference(
    words: Words, kind: Literal["added", "removed"], start: int, end: int
) -> Difference:
    own = " ".join(words.words[start:end])
    return Difference(kind, own, words.lines_of(start, end), words.quote(start, end))


def _restrictions(words: Words, clauses: Iterable[Clause]) -> tuple[Restriction, ...]:
    found = (
        Restriction(
            clause.license_class,
            clause.says,
            words.lines_of(clause.start, clause.end),
            words.quote(clause.start, clause.end),
        )
        for clause in clauses
    )
    return tuple(dict.fromkeys(found))


def _model_license(words: Words) -> TextMatch | None:
    """Recognize a model license by its title, and prove it unchanged where digests are held."""
    opening = f" {' '.join(words.words[:_TITLE_WORDS])} "
    titles = [
        (len(title), spdx)
        for spdx, entry in licenses().items()
        for title in entry.titles
        if f" {title} " in opening
    ]
    if not titles:
        return None
    spdx = max(titles)[1]
    forms = known_fingerprints().get(spdx)
    return _by_title(words, spdx) if forms is None else _by_digests(words, spdx, forms)


def _by_title(words: Words, spdx: str) -> TextMatch:
    count = len(words.words)
    return TextMatch(
        state="titled",
        ids=(spdx,),
        similarity=0.0,
        lines=words.lines_of(0, count),
        quote=words.quote(0, min(count, _NAME_WORDS)),
        restrictions=_restrictions(words, find_clauses(words.words)),
    )


def _by_digests(words: Words, spdx: str, forms: tuple[Form, ...]) -> TextMatch:
    drift = drift_from(words, forms)
    if drift.is_none:
        return _exact(words, spdx)
    differences = [_difference(words, "added", s.start, s.end) for s in drift.foreign]
    if gone := _what_is_gone(drift):
        differences.append(replace(_difference(words, "removed", 0, 1), words=gone))
    clauses = [
        replace(clause, start=clause.start + s.start, end=clause.end + s.start)
        for s in drift.foreign
        for clause in find_clauses(words.words[s.start : s.end])
    ]
    return replace(
        _by_title(words, spdx),
        state="modified",
        similarity=round(max(0.0, 1 - drift.missing / drift.known), 4),
        differences=tuple(differences),
        restrictions=_restrictions(words, clauses),
    )


def _what_is_gone(drift: Drift) -> str:
    if drift.reordered:
        return "the order of the sentences"
    lacking = drift.missing - len(drift.foreign)
    return f"{lacking} sentence(s) of the license" if lacking > 0 else ""


def _named(words: Words) -> TextMatch | None:
    """Read a file that only names its license, such as the one word MIT."""
    lines = [line.strip() for line in words.raw if line.strip()]
    if not lines or sum(len(line.split()) for line in lines) > _NAME_WORDS:
        return None
    name = " ".join(lines).removeprefix("SPDX-License-Identifier:").strip().rstrip(".")
    entry = find_license(name) or find_license(lines[0])
    if entry is None or (len(lines) > 1 and entry is not find_license(name)):
        return None
    return TextMatch("named", (entry.spdx,), 0.0, (1, len(words.raw)), name)


def _unmatched(words: Words) -> TextMatch:
    count = len(words.words)
    return TextMatch(
        state="unmatched",
        ids=(),
        similarity=0.0,
        lines=words.lines_of(0, count),
        quote=words.quote(0, min(count, _NAME_WORDS)),
        restrictions=_restrictions(words, find_clauses(words.words)),
    )


def restricted_class(match: TextMatch) -> LicenseClass:
    """Answer the class that recognized restrictions give a text; unknown when there are none."""
    return class_of([Clause(found.license_class, 0, 0) for found in match.restrictions])
