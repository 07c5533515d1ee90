"""A yard older than the gate `source` asks it from now on, by policies with a new number."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.db import connection

from registry.models import GateResult, ModelVersion, Policy
from registry.seeds import seed
from registry.services.gates import decide
from tests.factories.registry import VersionFactory

OLD = {"integrity": "enforce", "malware": "enforce", "license": "enforce", "metadata": "audit"}
migration = import_module("registry.migrations.0006_failures_and_privacy")


@pytest.fixture
def old_yard(db):
    """Policies without the gate, the second of its tier active, and versions that were decided."""
    Policy.objects.create(tier="lite", number=1, is_active=False, gates=OLD)
    Policy.objects.create(tier="lite", number=2, gates=OLD, limits={"max_bytes": 9})
    told = {
        "open": {"private": False, "gated": ""},
        "gated": {"private": False, "gated": "manual"},
        "private": {"private": True, "gated": ""},
    }
    versions = {name: VersionFactory(files={"a": b"a"}) for name in told}
    for name, version in versions.items():
        ModelVersion.objects.filter(pk=version.pk).update(facts=told[name])
    GateResult.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(migration.ASK)
    return versions


def test_each_active_policy_gets_a_successor_that_asks_for_it(old_yard):
    rows = list(Policy.objects.order_by("number").values_list("number", "is_active", "limits"))
    assert rows == [(1, False, {}), (2, False, {"max_bytes": 9}), (3, True, {"max_bytes": 9})]
    assert Policy.objects.get(number=3).gates == OLD | {"source": "enforce"}
    seed()
    assert Policy.objects.filter(tier="lite").count() == 3


def test_what_was_open_passes_and_what_was_not_is_unknown(old_yard):
    said = {name: version.gates.get(gate="source").outcome for name, version in old_yard.items()}
    assert said == {"open": "passed", "gated": "unknown", "private": "unknown"}
    assert decide(version=old_yard["gated"]).admission == "held"


def test_a_second_time_changes_nothing_of_the_policies(old_yard):
    GateResult.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(migration.ASK)
    assert Policy.objects.filter(tier="lite").count() == 3
