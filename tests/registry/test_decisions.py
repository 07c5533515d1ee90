"""What policy decides by itself, what curators change of it, and what is withdrawn."""

from __future__ import annotations

import pytest

from core.errors import InvalidInputError, NotPermittedError
from registry.models import AuditEvent
from registry.seeds import seed
from registry.selectors.access import standing_of
from registry.services.curation import change_tier, withdraw
from registry.services.gates import decide
from tests.registry.decided import decided, fresh, may_have, person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _policies():
    seed()


@pytest.fixture
def curator():
    return person(role="curator")


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
