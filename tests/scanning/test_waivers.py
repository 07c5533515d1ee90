"""A finding accepted for a content and a time: who may, what follows, and when it ends."""

from __future__ import annotations

import pytest

from core.errors import ConflictError, InvalidInputError, NotFoundError, NotPermittedError
from registry.callers import Caller
from registry.models import AuditEvent
from registry.services.gates import decide
from registry.source_scan import KEY
from scanning.models import FindingWaiver, Scan
from scanning.policy import counts
from scanning.scanners import Severity
from scanning.scanners.pickle_ops import PickleOps
from scanning.services.reviewing import review_waivers
from scanning.services.rounds import scan_version
from scanning.services.waivers import take_back
from tests.registry.conftest import caller, person
from tests.scanning.reports import (
    GOOD,
    RISKY,
    WHY,
    accept,
    finding,
    fresh,
    later,
    make_held,
    malware,
    only_waiver,
    scanned,
    sha_of,
)
from tests.standins.repos import HARMLESS_PAYLOAD

__all__ = ["caller", "later", "person"]


@pytest.fixture
def ada(make_yard, caller) -> Caller:
    return caller(roles=("curator",), username="ada")


def state(version):
    version = fresh(version)
    return version.admission, version.scan_verdict, malware(version).outcome


BLOCKED, OPEN = ("held", "unsafe", "failed"), ("admitted", "clean", "passed")


def test_an_accepted_finding_lets_every_version_with_the_content_through(ada):
    one, two = scanned(make_held()), scanned(make_held({"b.pkl": RISKY, "c.pkl": GOOD}))
    other = scanned(make_held({"a.pkl": RISKY, "d.pkl": b"\x80\x04}."}, tier="lite"), {
        sha_of(RISKY): [finding()], sha_of(b"\x80\x04}."): [finding("worse")],
    })  # fmt: skip
    assert state(one) == state(two) == state(other) == BLOCKED
    accept(ada)
    assert state(one) == BLOCKED  # until the worker comes
    assert review_waivers() == 3
    assert state(one) == state(two) == OPEN
    assert state(other) == BLOCKED
    assert "worse was seen" in malware(other).reason
    assert fresh(one).model.admission == "admitted"


def test_the_answer_names_what_it_rests_on_and_no_person_in_its_sentence(ada):
    version = scanned(make_held({"a.pkl": RISKY, "c.pkl": GOOD}))
    waiver = accept(ada)
    review_waivers()
    gate = malware(version)
    until = f"{waiver.expires_at:%Y-%m-%d}"
    assert gate.reason.startswith(f"Clean but for odd_call in a.pkl, accepted until {until}. ")
    [named] = gate.evidence["waivers"]
    assert (named["waiver"], named["granted_by"], named["reason"]) == (waiver.pk, "ada", WHY)
    assert (named["path"], named["rule"], named["sha256"]) == ("a.pkl", "odd_call", sha_of(RISKY))
    assert "ada" not in gate.reason
    assert [scan.findings for scan in Scan.objects.exclude(findings=[])] == [[finding()]]


def test_it_is_in_the_audit_trail_with_its_end(ada):
    version = scanned(make_held())
    waiver = accept(ada)
    review_waivers()
    granted = AuditEvent.objects.get(action="finding.accept")
    assert (granted.actor, granted.subject, granted.reason) == ("ada", waiver.sha256, WHY)
    assert granted.details["expires_at"] == waiver.expires_at.isoformat()
    followed = AuditEvent.objects.get(action="version.waiver")
    assert (followed.subject, followed.outcome) == (str(version), "admitted")
    assert (followed.details["before"], followed.details["verdict_before"]) == ("held", "unsafe")


def test_when_it_expires_the_version_is_held_again_and_the_trail_says_so(ada, later):
    version = scanned(make_held())
    accept(ada, days=1)
    review_waivers()
    assert state(version) == OPEN
    later(2)
    assert review_waivers() == 1
    assert state(version) == BLOCKED
    assert "odd_call was seen" in malware(version).reason
    waiver = only_waiver()
    assert (waiver.ended_at, waiver.ended_by) == (waiver.expires_at, None)
    assert AuditEvent.objects.get(action="finding.waiver_expired").actor == "yard"
    last = AuditEvent.objects.filter(action="version.waiver").order_by("-id").first()
    assert (last.outcome, last.details["before"], last.details["is_over"]) == (
        "held", "admitted", True,
    )  # fmt: skip
    assert review_waivers() == 0


def test_an_expired_waiver_counts_for_no_scan_even_before_the_review(ada, later):
    scanned(make_held())
    accept(ada, days=1)
    review_waivers()
    later(2)
    assert state(scanned(make_held({"x.pkl": RISKY}))) == BLOCKED


def test_taken_back_it_blocks_again(ada, caller):
    version = scanned(make_held())
    waiver = accept(ada)
    review_waivers()
    take_back(caller=caller(roles=("curator",), username="bob"), waiver=waiver, reason="Too soon")
    review_waivers()
    assert state(version) == BLOCKED
    assert only_waiver().ended_by.username == "bob"
    assert AuditEvent.objects.get(action="finding.take_back").reason == "Too soon"
    with pytest.raises(ConflictError, match="ended already"):
        take_back(caller=ada, waiver=waiver)


def test_after_its_end_another_can_be_granted(ada, later):
    version = scanned(make_held())
    take_back(caller=ada, waiver=accept(ada))
    accept(ada, days=1)
    later(2)  # the review has not come yet
    accept(ada, days=3)
    assert FindingWaiver.objects.filter(ended_at__isnull=True).count() == 1
    review_waivers()
    assert state(version) == OPEN


def test_a_waiver_holds_for_later_scans_and_later_rules(ada):
    scanned(make_held())
    accept(ada)
    review_waivers()
    Scan.objects.update(engine="rules of yesterday")
    assert state(scanned(make_held({"new.pkl": RISKY}))) == OPEN


def test_what_a_later_engine_finds_worse_is_not_covered(ada):
    version = scanned(make_held(), {sha_of(RISKY): [finding(severity="medium")]})
    assert state(version) == ("held", "suspicious", "failed")
    accept(ada)
    review_waivers()
    assert state(version) == OPEN
    again = scanned(make_held({"b.pkl": RISKY}), {sha_of(RISKY): [finding(severity="critical")]})
    assert state(again) == state(version) == BLOCKED


def test_what_was_not_looked_at_stays_incomplete(ada):
    version = scanned(make_held(), coverage="partial")
    accept(ada)
    review_waivers()
    assert state(version) == ("held", "incomplete", "unknown")
    with pytest.raises(NotFoundError):
        accept(ada, sha256=sha_of(GOOD), rule="not_covered")


def test_what_the_source_warns_of_stays_unwaivable(ada):
    version = make_held()
    warning = {"done": True, "levels": {"a.pkl": "unsafe"}}
    type(version).objects.filter(pk=version.pk).update(facts={KEY: warning})
    version = scanned(fresh(version))
    accept(ada)
    review_waivers()
    assert state(version) == ("held", "clean", "failed")


@pytest.mark.parametrize("roles", [(), ("viewer",), ("operator",)])
def test_others_accept_nothing_and_take_nothing_back(ada, caller, roles):
    scanned(make_held())
    someone = caller(roles=roles)
    with pytest.raises(NotPermittedError):
        accept(someone)
    waiver = accept(ada)
    with pytest.raises(NotPermittedError):
        take_back(caller=someone, waiver=waiver)


def test_a_critical_finding_needs_an_admin(ada, caller):
    version = scanned(make_held(), {sha_of(RISKY): [finding(severity="critical")]})
    with pytest.raises(NotPermittedError, match="needs an admin"):
        accept(ada)
    assert not FindingWaiver.objects.exists()
    accept(caller(roles=("admin",)))
    review_waivers()
    assert state(version) == OPEN


def test_what_an_engine_stopped_at_cannot_be_accepted(ada, caller, settings, monkeypatch):
    monkeypatch.setattr(PickleOps, "tells_all", False)
    scanned(make_held())
    with pytest.raises(ConflictError, match="did not look at the rest"):
        accept(ada)


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"reason": "  "}, "reason"),
        ({"reason": "because so"}, "reason"),
        ({"reason": "a b c" * 1000}, "reason"),
        ({"days": -1}, "expires_at"),
        ({"days": 91}, "expires_at"),
        ({"rule": "note"}, "rule"),
    ],
)
def test_what_is_asked_must_make_sense(ada, words, field):
    scanned(make_held(), {sha_of(RISKY): [finding(), finding("note", "low")]})
    with pytest.raises(InvalidInputError) as caught:
        accept(ada, **words)
    assert caught.value.details["field"] == field
    assert not FindingWaiver.objects.exists()


def test_the_longest_time_is_a_setting(ada, settings):
    scanned(make_held())
    settings.WAIVER_MAX_DAYS = 7
    with pytest.raises(InvalidInputError, match="within 7 days"):
        accept(ada, days=8)
    accept(ada, days=6)


def test_a_content_that_one_does_not_see_has_no_findings(ada, caller):
    scanned(make_held())
    with pytest.raises(NotFoundError) as hidden:
        accept(caller("lite", ("curator",)))
    with pytest.raises(NotFoundError) as missing:
        accept(caller("lite", ("curator",)), sha256="0" * 64)
    assert hidden.value.message == missing.value.message


def test_one_waiver_for_a_content_and_rule(ada, caller):
    scanned(make_held())
    accept(ada)
    with pytest.raises(ConflictError, match="accepted already, by ada until") as caught:
        accept(caller(roles=("curator",)))
    assert caught.value.details["waiver"] == only_waiver().pk


def test_what_the_real_engines_find_is_accepted_rule_by_rule(make_yard, caller):
    admin = caller(roles=("admin",))
    version = make_held({"a.pkl": HARMLESS_PAYLOAD})
    scan_version(version, report=lambda *what: None)
    decide(version=fresh(version))
    reports = Scan.objects.filter(sha256=sha_of(HARMLESS_PAYLOAD))
    found = [one for scan in reports for one in scan.findings]
    blocking = {one["rule"] for one in found if counts(Severity(one["severity"]))}
    assert len(blocking) > 1
    for rule in sorted(blocking):
        assert state(version)[0] == "held"
        accept(admin, sha256=sha_of(HARMLESS_PAYLOAD), rule=rule)
        review_waivers()
    assert state(version) == OPEN
    scan_version(version, report=lambda *what: None)
    assert state(version) == OPEN
