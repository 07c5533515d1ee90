"""Fold the answers of engines about files into one verdict of a version, less waivers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from scanning.scanners.base import MAX_FINDINGS, Severity, Verdict, verdict_of

# Unsafe beats all; what could not be looked at never counts as clean.
WORST_FIRST = (Verdict.UNSAFE, Verdict.SUSPICIOUS, Verdict.INCOMPLETE, Verdict.CLEAN)
FOUND = frozenset({Verdict.UNSAFE, Verdict.SUSPICIOUS})
_SEVERITIES = tuple(Severity)
_COUNTS = _SEVERITIES.index(Severity.MEDIUM)


@dataclass(frozen=True, slots=True)
class FileScan:
    """What is known of one file: which engines must answer, which understand it, what they said.

    `expected` are the engines that handle the file; `understanding` those of them whose clean
    means that the format was understood (`Scanner.understands_formats`); `words` say what an
    engine found, or why it could not tell.
    """

    path: str
    expected: frozenset[str]
    understanding: frozenset[str]
    verdicts: Mapping[str, Verdict]
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fold:
    """A verdict with the reasons for it, worst first; no reason means nothing was found."""

    verdict: Verdict
    reasons: tuple[str, ...] = ()


def fold_file(file: FileScan) -> Fold:
    """Verdict of one file: the worst answer; a missing answer or no understanding: incomplete."""
    answers = sorted(_answers(file), key=lambda answer: WORST_FIRST.index(answer[0]))
    if not answers:
        return Fold(Verdict.CLEAN)
    return Fold(answers[0][0], tuple(reason for _, reason in answers))


def fold(files: Iterable[FileScan]) -> Fold:
    """Verdict of a version: that of its worst file. A version without files is incomplete."""
    folds = sorted(
        (fold_file(file) for file in files), key=lambda one: WORST_FIRST.index(one.verdict)
    )
    if not folds:
        return Fold(Verdict.INCOMPLETE, ("no file was scanned",))
    return Fold(folds[0].verdict, tuple(reason for one in folds for reason in one.reasons))


def _answers(file: FileScan) -> Iterator[tuple[Verdict, str]]:
    if not file.understanding & file.expected:
        yield Verdict.INCOMPLETE, f"{file.path}: no engine covers this kind of file"
    for engine in sorted(file.expected - file.verdicts.keys()):
        yield Verdict.INCOMPLETE, f"{file.path}: {engine} has not reported"
    # Reports of engines that are no longer expected still count: a finding does not expire.
    for engine, verdict in sorted(file.verdicts.items()):
        if verdict is not Verdict.CLEAN:
            words = file.words.get(engine)
            said = f"{words} ({engine})" if words else f"{engine} says {verdict}"
            yield verdict, f"{file.path}: {said}"


@dataclass(frozen=True, slots=True)
class Said:
    """A report as waivers take it: rule and severity of each finding that was kept.

    `is_whole` says that the engine looked at all of the content, `tells_all` that the findings are
    all it has.
    """

    verdict: Verdict
    findings: tuple[tuple[str, Severity], ...]
    is_whole: bool
    tells_all: bool


def covers(accepted: Mapping[str, Severity], rule: str, severity: Severity) -> bool:
    """Say whether a waiver of the rule goes as far as this finding; `accepted` is by rule."""
    most = accepted.get(rule)
    return most is not None and _SEVERITIES.index(severity) <= _SEVERITIES.index(most)


def lift(said: Said, accepted: Mapping[str, Severity]) -> Verdict:
    """Give the verdict that is left when these rules were accepted, each up to its severity.

    Only findings can be accepted: what was not looked at stays incomplete, and a verdict that is
    worse than its findings explain stays what it is.
    """
    left = [one for one in said.findings if not covers(accepted, *one)]
    if len(left) == len(said.findings):
        return said.verdict
    explained = verdict_of((severity for _, severity in said.findings), is_whole=said.is_whole)
    if WORST_FIRST.index(said.verdict) < WORST_FIRST.index(explained):
        return said.verdict  # the engine knows more than it names
    is_whole = said.is_whole and said.tells_all and not _is_cut(said)
    return verdict_of((severity for _, severity in left), is_whole=is_whole)


def _is_cut(said: Said) -> bool:
    """Whether findings that count may have been more than are kept; the worst are kept."""
    if len(said.findings) < MAX_FINDINGS:
        return False
    return min(map(_SEVERITIES.index, (one[1] for one in said.findings))) >= _COUNTS


def counts(severity: Severity) -> bool:
    """Say whether a finding of this severity keeps a version back, and so can be accepted."""
    return _SEVERITIES.index(severity) >= _COUNTS
