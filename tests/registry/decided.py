"""Versions whose gates answered, decided by the real policies, and people who look at them."""

from __future__ import annotations

from django.contrib.auth.models import Group

from registry.authentication import caller_of_user
from registry.enums import Gate, GateOutcome, ScanVerdict
from registry.models import User
from registry.selectors.access import standing_of
from registry.services.gates import decide, record_gate, record_scan_verdict
from registry.services.versions import record_license
from registry.standing import refusal
from tests.factories.registry import ModelFactory, UserFactory, VersionFactory


def person(*, tier="professional", role="viewer"):
    user = UserFactory(tier=tier)
    user.groups.add(Group.objects.get(name=role))
    return caller_of_user(User.objects.get(pk=user.pk))


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
