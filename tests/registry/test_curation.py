"""What people ask for, what curators answer, and what ends when its time is over."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from core.errors import ConflictError, InvalidInputError, NotPermittedError
from registry.models import AccessRequest, AuditEvent, Waiver
from registry.seeds import seed
from registry.services.curation import (
    approve,
    change_tier,
    close_satisfied,
    refuse,
    request_access,
    withdraw,
)
from registry.services.gates import review_waivers
from tests.registry.decided import decided, fresh, may_have, person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _policies():
    seed()


@pytest.fixture
def curator():
    return person(role="curator")


def ask(version, *, tier="lite", **words):
    return request_access(
        caller=person(tier=tier), model=version.model, needs_curator=True, **words
    )


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


def test_a_withdrawn_version_cannot_be_approved(curator):
    version = decided("copyleft")
    request = ask(version)
    withdraw(caller=curator, version=version, reason="Bad")
    with pytest.raises(ConflictError):
        approve(caller=curator, request=request, note="But I want it")
    withdrawn = fresh(version)
    assert (withdrawn.admission, withdrawn.withdrawn_reason) == ("withdrawn", "Bad")
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
