"""A finding reaches every version that holds the content, at once."""

from __future__ import annotations

import pytest

from core.storage.configured import content_store
from registry.enums import Gate, GateOutcome, ScanVerdict
from registry.models import AuditEvent, ModelVersion
from registry.services.gates import decide, record_gate, record_scan_verdict
from registry.services.versions import record_license
from scanning.models import Scan
from scanning.services.rounds import scan_version
from tests.factories.registry import ModelFactory, VersionFactory
from tests.standins.repos import HARMLESS_PAYLOAD

CODE = b'{"auto_map": {"AutoModel": "modeling.Net"}}'


@pytest.fixture
def make_version(make_yard):
    """A version whose bytes are in the store and whose other gates passed; not scanned yet."""

    def make(files):
        model = ModelFactory(tier="professional", tier_by_curator=False)
        version = VersionFactory(
            model=model, files=files, store=content_store(), admission="pending", scan_verdict=""
        )
        record_license(version=version, spdx="MIT", license_class="permissive")
        for gate in set(Gate) - {Gate.MALWARE}:
            record_gate(version=version, gate=gate, outcome=GateOutcome.PASSED)
        return version

    return make


def scan(version):
    scan_version(version, report=lambda *what: None)
    return fresh(decide(version=fresh(version)))


def fresh(version):
    return ModelVersion.objects.select_related("model").get(pk=version.pk)


def believed_clean(version):
    """The state after a scan by engines that knew less."""
    record_scan_verdict(version=version, verdict=ScanVerdict.CLEAN)
    record_gate(version=version, gate=Gate.MALWARE, outcome=GateOutcome.PASSED, reason="Clean.")
    admitted = fresh(decide(version=version))
    assert (admitted.admission, admitted.model.admission) == ("admitted", "admitted")
    return admitted


def test_an_admitted_twin_is_held_when_the_content_is_found_unsafe(make_version):
    twin = believed_clean(make_version({"old.pkl": HARMLESS_PAYLOAD}))
    scan(make_version({"new.pkl": HARMLESS_PAYLOAD}))
    twin = fresh(twin)
    assert (twin.admission, twin.scan_verdict) == ("held", "unsafe")
    assert (twin.model.admission, twin.model.scan_verdict) == ("held", "unsafe")
    gate = twin.gates.get(gate="malware")
    assert gate.outcome == "failed"
    assert gate.reason.startswith("Unsafe: old.pkl: ")
    assert "system" in gate.reason
    assert "new.pkl" not in gate.reason
    told = AuditEvent.objects.get(action="version.finding")
    assert (told.subject, told.outcome) == (str(twin), "unsafe")
    assert told.details["before"] == "admitted"
    decided = AuditEvent.objects.filter(action="version.decide", subject=str(twin)).first()
    assert decided.outcome == "held"


def test_an_older_admitted_version_without_the_content_becomes_the_head_again(make_version):
    first = believed_clean(make_version({"good.txt": b"words"}))
    second = VersionFactory(
        model=first.model,
        files={"old.pkl": HARMLESS_PAYLOAD},
        store=content_store(),
        admission="pending",
    )
    record_license(version=second, spdx="MIT", license_class="permissive")
    for gate in Gate:
        record_gate(version=second, gate=gate, outcome=GateOutcome.PASSED)
    assert fresh(decide(version=second)).model.head == second
    scan(make_version({"new.pkl": HARMLESS_PAYLOAD}))
    assert fresh(first).model.head == first


def test_what_is_suspicious_holds_a_twin_too_where_the_name_asks_the_same(make_version):
    same = believed_clean(make_version({"a/config.json": CODE}))
    text = believed_clean(make_version({"config.txt": CODE}))
    scan(make_version({"config.json": CODE}))
    assert (fresh(same).admission, fresh(same).scan_verdict) == ("held", "suspicious")
    assert (fresh(text).admission, fresh(text).scan_verdict) == ("admitted", "clean")


def test_the_verdict_never_gets_better_and_is_told_once(make_version):
    unsafe = scan(make_version({"x.pkl": HARMLESS_PAYLOAD, "config.json": CODE}))
    scan(make_version({"config.json": CODE}))
    assert fresh(unsafe).scan_verdict == "unsafe"
    assert "x.pkl" in fresh(unsafe).gates.get(gate="malware").reason
    assert not AuditEvent.objects.filter(action="version.finding").exists()


def test_a_worker_that_died_before_the_twins_were_told_is_made_up_for(make_version):
    version = make_version({"new.pkl": HARMLESS_PAYLOAD})
    scan(version)
    twin = believed_clean(make_version({"old.pkl": HARMLESS_PAYLOAD}))
    before = Scan.objects.count()
    scan(version)
    assert Scan.objects.count() == before
    assert fresh(twin).admission == "held"


def test_withdrawn_versions_stay_withdrawn_and_pending_ones_are_left_to_their_run(make_version):
    withdrawn = believed_clean(make_version({"a.pkl": HARMLESS_PAYLOAD}))
    ModelVersion.objects.filter(pk=withdrawn.pk).update(admission="withdrawn")
    pending = make_version({"b.pkl": HARMLESS_PAYLOAD})
    scan(make_version({"c.pkl": HARMLESS_PAYLOAD}))
    assert fresh(withdrawn).admission == "withdrawn"
    assert (fresh(pending).admission, fresh(pending).scan_verdict) == ("pending", "unsafe")
