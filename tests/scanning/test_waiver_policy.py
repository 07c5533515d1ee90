"""What a report says when some of its findings were accepted: a table."""

from __future__ import annotations

import pytest

from scanning.policy import Said, lift
from scanning.scanners import Finding, Severity, Verdict
from scanning.scanners.base import MAX_FINDINGS, conclude

C, S, U, I = Verdict.CLEAN, Verdict.SUSPICIOUS, Verdict.UNSAFE, Verdict.INCOMPLETE  # noqa: E741
LOW, MEDIUM, HIGH, CRITICAL = (Severity(x) for x in ("low", "medium", "high", "critical"))


def said(verdict, *findings, is_whole=True, tells_all=True):
    return Said(verdict, tuple(findings), is_whole, tells_all)


@pytest.mark.parametrize(
    ("report", "accepted", "left"),
    [
        # nothing accepted, or something else
        (said(U, ("a", HIGH)), {}, U),
        (said(U, ("a", HIGH)), {"b": HIGH}, U),
        # all of it
        (said(U, ("a", HIGH)), {"a": HIGH}, C),
        (said(U, ("a", HIGH), ("a", HIGH)), {"a": CRITICAL}, C),
        (said(S, ("a", MEDIUM), ("b", LOW)), {"a": MEDIUM}, C),
        # a part: the rest decides
        (said(U, ("a", HIGH), ("b", MEDIUM)), {"a": HIGH}, S),
        (said(U, ("a", HIGH), ("b", CRITICAL)), {"a": HIGH}, U),
        # the rule found worse than what was accepted
        (said(U, ("a", CRITICAL)), {"a": HIGH}, U),
        (said(U, ("a", HIGH), ("a", MEDIUM)), {"a": MEDIUM}, U),
        # what was not looked at is no finding
        (said(I, is_whole=False), {"a": HIGH}, I),
        (said(U, ("a", HIGH), is_whole=False), {"a": HIGH}, I),
        (said(I, ("a", MEDIUM), is_whole=False), {"a": MEDIUM}, I),
        # who stopped at the finding has not looked at the rest
        (said(U, ("a", CRITICAL), tells_all=False), {"a": CRITICAL}, I),
        # an engine that says worse than it names knows more than it names
        (said(U, ("a", MEDIUM)), {"a": MEDIUM}, U),
        (said(S, ("a", LOW)), {"a": CRITICAL}, S),
        (said(S, ("a", MEDIUM), is_whole=False), {"a": MEDIUM}, S),
    ],
)
def test_only_what_was_accepted_stops_counting(report, accepted, left):
    assert lift(report, accepted) is left


@pytest.mark.parametrize(("worst_kept", "left"), [(MEDIUM, I), (LOW, C)])
def test_findings_that_were_cut_off_are_not_accepted_with_the_others(worst_kept, left):
    many = (("a", MEDIUM),) * (MAX_FINDINGS - 1) + (("a", worst_kept),)
    assert lift(said(S, *many), {"a": MEDIUM}) is left


def test_the_findings_left_are_judged_as_engines_judge_them():
    for severity in Severity:
        alone = conclude([Finding("a", severity, "seen")]).verdict
        both = said(U, ("a", severity), ("gone", HIGH))
        assert lift(both, {"gone": HIGH}) is alone
