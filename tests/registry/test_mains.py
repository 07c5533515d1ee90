"""Where `main` is when a curator has the word, and what waits for one."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from core.errors import ConflictError, InvalidInputError, NotPermittedError
from registry.models import AuditEvent, ModelVersion
from registry.policy import WAITS
from registry.seeds import seed
from registry.services.curation import approve, request_access, withdraw
from registry.services.gates import decide
from registry.services.mains import admit_waiting, release, roll_back
from registry.services.versions import FileEntry, pin_version
from tests.factories.registry import ModelFactory
from tests.registry.decided import decided, fresh, may_have, person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _policies():
    seed()


@pytest.fixture
def curator():
    return person(role="curator")


def three():
    model = ModelFactory(tier="professional", tier_by_curator=False)
    return [decided(model=model) for _ in range(3)]


def waiting(model=None, **outcomes):
    version = decided(model=model, malware=None)
    ModelVersion.objects.filter(pk=version.pk).update(needs_curator=True)
    for gate in version.gates.all():
        gate.delete()
    other = decided(model=ModelFactory(), **outcomes)
    other.gates.update(version=version)
    ModelVersion.objects.filter(pk=version.pk).update(license_class=other.license_class)
    return fresh(decide(version=fresh(version)))


def head(version):
    model = fresh(version).model
    return (model.head_number, model.head_commit, model.admission)


def test_main_goes_back_and_stays_there_when_a_newer_version_is_admitted(curator):
    first, second, third = three()
    roll_back(caller=curator, version=first, reason="v2 answers in French")
    assert head(third) == (1, first.commit, "admitted")
    fourth = decided(model=third.model)
    assert (fourth.admission, head(fourth)) == ("admitted", (1, first.commit, "admitted"))
    decide(version=second)
    assert head(fourth)[0] == 1
    release(caller=curator, model=fourth.model, reason="fixed")
    assert head(fourth) == (4, fourth.commit, "admitted")


def test_who_kept_main_and_why_is_with_the_model_and_in_the_trail(curator):
    first, _, third = three()
    roll_back(caller=curator, version=first, reason=" Broken ")
    model = fresh(third).model
    assert (model.kept_head, model.kept_reason, model.kept_by) == (first, "Broken", curator.name)
    event = AuditEvent.objects.get(action="model.roll_back")
    assert (event.actor, event.subject, event.details["before"], event.details["after"]) == (
        curator.name,
        model.repo_id,
        3,
        1,
    )
    release(caller=curator, model=model, reason="fixed")
    model = fresh(third).model
    assert (model.kept_head, model.kept_reason, model.kept_by, model.kept_at) == (
        None,
        "",
        "",
        None,
    )
    assert AuditEvent.objects.get(action="model.release").reason == "fixed"


def test_what_was_rolled_back_from_does_not_return_when_the_kept_version_is_held(curator):
    first, _, third = three()
    roll_back(caller=curator, version=first, reason="v3 is broken")
    first.gates.filter(gate="malware").update(outcome="failed")
    decide(version=first)
    assert head(third) == (1, first.commit, "held")
    assert not may_have(fresh(first), tier="professional")
    withdraw(caller=curator, version=fresh(first), reason="gone")
    assert head(third) == (1, first.commit, "withdrawn")


def test_main_can_be_an_admitted_version_only_and_needs_a_reason(curator):
    first, second, _ = three()
    withdraw(caller=curator, version=first, reason="gone")
    with pytest.raises(ConflictError, match="v1 is withdrawn"):
        roll_back(caller=curator, version=first, reason="x")
    with pytest.raises(InvalidInputError, match="Say why"):
        roll_back(caller=curator, version=second, reason="  ")
    with pytest.raises(ConflictError, match="nothing to release"):
        release(caller=curator, model=second.model, reason="x")
    assert head(second)[0] == 3


def test_only_curators_move_main_and_admit_what_waits():
    version = decided()
    for role in ("viewer", "operator"):
        other = person(role=role)
        with pytest.raises(NotPermittedError):
            roll_back(caller=other, version=version, reason="x")
        with pytest.raises(NotPermittedError):
            release(caller=other, model=version.model, reason="x")
        with pytest.raises(NotPermittedError):
            admit_waiting(caller=other, version=version, reason="x")


def test_a_waiting_version_is_held_with_that_reason_alone_and_the_head_stays(curator):
    first = decided()
    version = waiting(first.model)
    assert (version.admission, version.lowest_tier) == ("held", "")
    last = version.decision["tiers"][-1]
    assert [reason["gate"] for reason in last["reasons"] if reason["blocks"]] == [WAITS.gate]
    assert head(version)[0] == first.number
    assert not may_have(version, tier="professional")
    version = admit_waiting(caller=curator, version=version, reason="read the diff")
    assert version.admission == "admitted"
    assert head(version) == (version.number, version.commit, "admitted")
    assert AuditEvent.objects.get(action="version.admit").reason == "read the diff"
    with pytest.raises(ConflictError, match="does not wait"):
        admit_waiting(caller=curator, version=version, reason="again")


def test_a_curators_yes_does_not_pass_a_gate_that_failed(curator):
    version = waiting(malware="failed")
    gates = {r["gate"] for r in version.decision["tiers"][-1]["reasons"] if r["blocks"]}
    assert gates == {"malware"}
    assert admit_waiting(caller=curator, version=version, reason="x").admission == "held"


def test_deciding_again_does_not_admit_what_waits():
    version = waiting()
    assert decide(version=version).admission == "held"
    with pytest.raises(IntegrityError, match="admitted_waits_for_nobody"), transaction.atomic():
        ModelVersion.objects.filter(pk=version.pk).update(admission="admitted", lowest_tier="lite")


def test_who_approves_a_request_for_what_waits_has_said_yes(curator):
    version = waiting()
    asked = request_access(caller=person(), model=version.model, needs_curator=True)
    approve(caller=curator, request=asked, note="fine")
    assert fresh(version).admission == "admitted"


def test_what_a_person_asked_for_is_not_made_to_wait_afterwards():
    model = ModelFactory()
    words = {"model": model, "commit": "a" * 40, "files": [FileEntry("a", 1)], "facts": {}}
    assert not pin_version(**words).needs_curator
    assert not pin_version(**words, needs_curator=True).needs_curator
    other = pin_version(**words | {"commit": "b" * 40}, needs_curator=True)
    assert other.needs_curator
    assert pin_version(**words | {"commit": "b" * 40}).needs_curator
