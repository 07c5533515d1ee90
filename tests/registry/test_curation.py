"""What curators do and what policy does by itself, on versions with real answers of gates."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from core.errors import ConflictError, InvalidInputError, NotPermittedError
from registry.authentication import caller_of_user
from registry.enums import Gate, GateOutcome, ScanVerdict
from registry.models import AccessRequest, AuditEvent, User, Waiver
from registry.policy import refusal
from registry.seeds import seed
from registry.selectors.access import standing_of
from registry.services.curation import (
    approve,
    change_tier,
    close_satisfied,
    refuse,
    request_access,
    withdraw,
)
from registry.services.gates import decide, record_gate, record_scan_verdict, review_waivers
from registry.services.versions import record_license
from tests.factories.registry import ModelFactory, UserFactory, VersionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _policies():
    seed()


def person(*, tier="professional", role="viewer"):
    user = UserFactory(tier=tier)
    user.groups.add(Group.objects.get(name=role))
    return caller_of_user(User.objects.get(pk=user.pk))


@pytest.fixture
def curator():
    return person(role="curator")


def decided(license_class="permissive", *, model=None, **outcomes):
    """A version whose gates answered; all passed where nothing else is said, None: no answer."""
    model = model or ModelFactory(tier="professional", tier_by_curator=False)
    version = VersionFactory(
        model=model, admission="pending", scan_verdict="", files={"a.txt": b"a"}, lowest_tier=""
    )
    record_license(version=version, spdx="X", license_class=license_class)
    for gate in Gate:
        outcome = outcomes.get(gate.value, "passed")
        if outcome is not None:
            words = f"{gate.value} says {outcome}."
            record_gate(version=version, gate=gate, outcome=GateOutcome(outcome), reason=words)
    if outcomes.get("malware") == "failed":
        record_scan_verdict(version=version, verdict=ScanVerdict.UNSAFE)
    return fresh(decide(version=version))


def fresh(version):
    version.refresh_from_db()
    version.model.refresh_from_db()
    return version


def may_have(version, *, tier):
    caller = person(tier=tier)
    return refusal(standing_of(version.model, version), tiers=caller.tiers) is None


def ask(version, *, tier="lite", **words):
    return request_access(
        caller=person(tier=tier), model=version.model, needs_curator=True, **words
    )


@pytest.mark.parametrize(
    ("license_class", "tier"),
    [
        ("permissive", "lite"),
        ("copyleft", "standard"),
        ("restricted", "standard"),
        ("non-commercial", "professional"),
    ],
)
def test_policy_gives_the_lowest_tier_that_may_have_it(license_class, tier):
    version = decided(license_class)
    assert (version.admission, version.lowest_tier, version.model.tier) == ("admitted", tier, tier)


@pytest.mark.parametrize(
    "outcomes",
    [
        {"integrity": "failed"},
        {"integrity": None},
        {"malware": "unknown"},
        {"malware": "failed"},
        {"malware": None},
        {"license": "unknown"},
        {"license": "failed"},
    ],
    ids=str,
)
def test_an_enforced_gate_that_did_not_pass_holds(outcomes):
    version = decided(**outcomes)
    assert (version.admission, version.lowest_tier, version.model.tier) == (
        "held",
        "",
        "professional",
    )
    assert not may_have(version, tier="professional")
    assert standing_of(version.model, version).reasons


@pytest.mark.parametrize("outcome", ["failed", "unknown", None])
def test_a_gate_in_audit_mode_is_noted_and_holds_nothing(outcome):
    version = decided(metadata=outcome)
    assert version.admission == "admitted"
    if outcome:
        assert version.gates.get(gate="metadata").mode == "audit"


def test_a_tier_that_a_curator_chose_outlives_the_next_decision(curator):
    version = decided()
    change_tier(caller=curator, model=version.model, tier="standard", reason="Not for all")
    assert fresh(decide(version=version)).model.tier == "standard"
    newer = decided("copyleft", model=version.model)
    assert (newer.lowest_tier, newer.model.tier, newer.model.head) == (
        "standard",
        "standard",
        newer,
    )
    event = AuditEvent.objects.get(action="model.tier")
    assert event.details == {"before": "lite", "after": "standard"}
    assert event.reason == "Not for all"


def test_only_curators_change_tiers_and_only_to_tiers_that_exist(curator):
    version = decided()
    for role in ("viewer", "operator"):
        with pytest.raises(NotPermittedError):
            change_tier(caller=person(role=role), model=version.model, tier="lite")
    with pytest.raises(InvalidInputError):
        change_tier(caller=curator, model=version.model, tier="gold")
    assert fresh(version).model.tier == "lite"


def test_a_lite_user_gets_what_a_curator_gives_for_a_time(curator):
    version = decided("copyleft")
    request = ask(version, reason="For the course")
    request = approve(caller=curator, request=request, note="For the course only")
    version = fresh(version)
    assert (request.state, request.note) == ("approved", "For the course only")
    assert (version.admission, version.lowest_tier, version.model.tier) == (
        "admitted",
        "lite",
        "lite",
    )
    assert may_have(version, tier="lite")
    waiver = Waiver.objects.get()
    assert (waiver.gate, waiver.tier, waiver.reason) == ("license", "lite", "For the course only")
    assert waiver.expires_at > timezone.now() + timedelta(days=89)


def test_when_the_waiver_ends_the_tier_goes_back_to_what_policy_says(curator):
    version = decided("copyleft")
    approve(caller=curator, request=ask(version), note="For a time")
    end_waivers()
    assert review_waivers() == 1
    version = fresh(version)
    assert (version.admission, version.lowest_tier) == ("admitted", "standard")
    assert version.model.tier == "standard"
    assert not may_have(version, tier="lite")
    assert review_waivers() == 0


def test_when_the_waiver_that_admitted_it_ends_the_version_is_held(curator):
    version = decided("unknown", license="unknown")
    assert version.admission == "held"
    approve(caller=curator, request=ask(version, tier="standard"), note="Read by a person")
    assert fresh(version).admission == "admitted"
    end_waivers()
    assert review_waivers() == 1
    assert fresh(version).admission == "held"
    assert not may_have(version, tier="professional")


def end_waivers():
    """Let time pass: all that was decided and granted lies in the past, the waivers' end too."""
    now = timezone.now()
    Waiver.objects.update(expires_at=now - timedelta(minutes=1))
    version = Waiver.objects.get().version
    type(version).objects.filter(pk=version.pk).update(decided_at=now - timedelta(days=90))


@pytest.mark.parametrize("outcomes", [{"malware": "failed"}, {"malware": "unknown"}], ids=str)
def test_malware_cannot_be_waived(curator, outcomes):
    version = decided("unknown", license="unknown", **outcomes)
    request = ask(version, tier="professional")
    with pytest.raises(ConflictError) as caught:
        approve(caller=curator, request=request, note="I want it")
    assert "Cannot be waived: malware" in caught.value.message
    assert "malware says" in caught.value.message
    request.refresh_from_db()
    assert (request.state, fresh(version).admission) == ("open", "held")
    assert not Waiver.objects.exists()


def test_integrity_cannot_be_waived(curator):
    version = decided(integrity="failed")
    with pytest.raises(ConflictError, match="Cannot be waived: integrity"):
        approve(caller=curator, request=ask(version), note="I want it")


def test_who_is_no_curator_answers_nothing():
    version = decided("copyleft")
    request = ask(version)
    for role in ("viewer", "operator"):
        with pytest.raises(NotPermittedError):
            approve(caller=person(role=role), request=request)
        with pytest.raises(NotPermittedError):
            refuse(caller=person(role=role), request=request, note="No")
    request.refresh_from_db()
    assert request.state == "open"


def test_a_refusal_needs_words_and_is_final(curator):
    version = decided("copyleft")
    request = ask(version)
    with pytest.raises(InvalidInputError):
        refuse(caller=curator, request=request, note="  ")
    request = refuse(caller=curator, request=request, note="Take the other one")
    assert (request.state, request.note) == ("refused", "Take the other one")
    for answer in (approve, refuse):
        with pytest.raises(ConflictError, match="already refused"):
            answer(caller=curator, request=request, note="Again")
    assert fresh(version).model.tier == "standard"
    assert AuditEvent.objects.filter(action="request.refuse").count() == 1


def test_asking_again_adds_to_the_open_request():
    version = decided("copyleft")
    lite = person(tier="lite")
    first = request_access(caller=lite, model=version.model)
    again = request_access(caller=lite, model=version.model, needs_curator=True, reason="Please")
    assert first == again
    assert (again.needs_curator, again.reason) == (True, "Please")
    assert AccessRequest.objects.count() == 1


def test_nobody_asks_for_a_tier_above_their_own():
    version = decided("copyleft")
    with pytest.raises(NotPermittedError):
        request_access(caller=person(tier="lite"), model=version.model, tier="standard")


def test_a_decision_closes_the_requests_it_satisfies_and_no_others():
    version = decided("copyleft")
    low, high = ask(version, tier="lite"), ask(version, tier="standard")
    close_satisfied(version.model)
    low.refresh_from_db()
    high.refresh_from_db()
    assert (low.state, high.state) == ("open", "approved")
    assert high.note == "Admitted by policy."


def test_a_withdrawn_version_is_refused_and_stays_so(curator):
    version = decided()
    with pytest.raises(NotPermittedError):
        withdraw(caller=person(role="operator"), version=version, reason="Bad")
    withdraw(caller=curator, version=version, reason="The authors asked for it")
    version = fresh(version)
    assert (version.admission, version.model.admission) == ("withdrawn", "withdrawn")
    assert not may_have(version, tier="professional")
    assert fresh(decide(version=version)).admission == "withdrawn"
    event = AuditEvent.objects.get(action="version.withdraw")
    assert event.reason == "The authors asked for it"


def test_after_a_withdrawal_the_version_before_is_the_head(curator):
    first = decided()
    second = decided(model=first.model)
    assert fresh(second).model.head == second
    withdraw(caller=curator, version=second, reason="Bad")
    model = fresh(second).model
    assert (model.head, model.admission) == (first, "admitted")


def test_a_withdrawn_version_cannot_be_approved(curator):
    version = decided("copyleft")
    request = ask(version)
    withdraw(caller=curator, version=version, reason="Bad")
    with pytest.raises(ConflictError):
        approve(caller=curator, request=request, note="But I want it")
    assert fresh(version).admission == "withdrawn"
    assert not Waiver.objects.exists()


def test_a_tier_that_a_curator_raised_is_lowered_by_an_approval(curator):
    version = decided()
    change_tier(caller=curator, model=version.model, tier="professional")
    approve(caller=curator, request=ask(version, tier="lite"), note="All right")
    assert fresh(version).model.tier == "lite"
    assert not Waiver.objects.exists()


def test_who_asked_for_what_was_held_before_a_byte_moved_can_be_approved(curator):
    version = decided("unknown", license="unknown", integrity=None, malware=None)
    assert version.admission == "held"
    request = ask(version, tier="standard")
    request = approve(caller=curator, request=request, note="Read by a person")
    assert request.state == "approved"
    assert fresh(version).admission == "held"  # until its bytes were fetched and scanned
    assert Waiver.objects.get().gate == "license"
    assert not may_have(version, tier="professional")
