from __future__ import annotations

import pytest

from catalog.enums import Reach, UpdateRule
from catalog.policy.watch import Seen, decide_import, events_between, unreadable

OLD, NEW = "a" * 40, "b" * 40
BEFORE = Seen(OLD, "acme/one", "open", "", "mit")


def kinds(after, before=BEFORE, *, continues=True, is_here=False):
    found = events_between(before, after, continues=continues, is_here=is_here)
    return [event.kind.value for event in found]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, []),
        ({"commit": NEW}, ["new_version"]),
        ({"gated": "manual"}, ["gating_changed"]),
        ({"license": "cc-by-nc-4.0"}, ["license_changed"]),
        ({"repo_id": "ACME/One"}, []),
        ({"repo_id": "acme/two"}, ["renamed"]),
        ({"reach": "private"}, ["repository_private"]),
        ({"lost_commit": OLD}, ["commit_vanished"]),
        ({"commit": NEW, "gated": "auto", "license": ""},
         ["gating_changed", "license_changed", "new_version"]),
    ],
)  # fmt: skip
def test_every_change_is_named(changed, expected):
    after = Seen(**{**{name: getattr(BEFORE, name) for name in BEFORE.__slots__}, **changed})
    assert kinds(after) == expected


@pytest.mark.parametrize(
    ("reach", "expected"),
    [
        (Reach.HIDDEN, "repository_vanished"),
        (Reach.DISABLED, "repository_closed"),
        (Reach.REFUSED, "repository_closed"),
    ],
)
def test_what_is_not_shown_any_more_is_told_once_and_so_is_its_return(reach, expected):
    gone = unreadable(BEFORE, reach)
    assert kinds(gone) == [expected]
    assert kinds(gone, gone) == []
    assert kinds(BEFORE, gone) == ["repository_back"]


def test_a_rewritten_history_is_told_before_the_new_version():
    after = Seen(NEW, "acme/one", "open", "", "mit")
    assert kinds(after, continues=False) == ["history_rewritten", "new_version"]
    assert kinds(after, continues=None) == ["new_version"]
    assert kinds(after, continues=False, is_here=True) == ["history_rewritten"]


def test_what_was_not_known_cannot_have_changed():
    before = Seen("", "", "open", None, None)
    assert kinds(Seen(NEW, "acme/two", "open", "manual", "mit"), before) == []


def test_a_lost_commit_is_told_once():
    lost = Seen(OLD, "acme/one", "open", "", "mit", lost_commit=OLD)
    assert kinds(lost, lost) == []


def decided(rule, seen=None, **given):
    words = {"name": "acme/one", "is_here": False, "descends": True, "skipped": False, **given}
    return decide_import(rule, seen or Seen(NEW, "acme/one"), **words)


@pytest.mark.parametrize(
    ("rule", "wanted", "needs_curator"),
    [
        (UpdateRule.OFF, False, True),
        (UpdateRule.NOTIFY, False, True),
        (UpdateRule.IMPORT, True, True),
        (UpdateRule.IMPORT_AND_ADMIT, True, False),
    ],
)
def test_the_rule_says_what_happens_with_a_new_commit(rule, wanted, needs_curator):
    found = decided(rule)
    assert (found.wanted, found.needs_curator) == (wanted, needs_curator)


@pytest.mark.parametrize("descends", [False, None])
def test_what_does_not_clearly_descend_from_main_waits_for_a_curator(descends):
    found = decided(UpdateRule.IMPORT_AND_ADMIT, descends=descends)
    assert (found.wanted, found.needs_curator) == (True, True)


def test_what_the_source_shows_to_this_yard_alone_waits_for_a_curator():
    found = decided(UpdateRule.IMPORT_AND_ADMIT, Seen(NEW, "acme/one", "private"))
    assert (found.wanted, found.needs_curator) == (True, True)


@pytest.mark.parametrize(
    ("given", "why_not"),
    [
        ({"skipped": True}, "SKIP_MODEL_DOWNLOADS is set"),
        ({"seen": Seen(NEW, "acme/two")}, "it was renamed at its source"),
        ({"seen": Seen(NEW, "acme/one", "hidden")}, "the source does not show it"),
        ({"is_here": True}, ""),
        ({"seen": Seen("", "acme/one")}, ""),
    ],
)
def test_some_new_commits_are_not_brought(given, why_not):
    found = decided(UpdateRule.IMPORT_AND_ADMIT, **given)
    assert (found.wanted, found.why_not) == (False, why_not)
