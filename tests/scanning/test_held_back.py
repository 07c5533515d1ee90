"""A version is served without what nobody misses: held back, told, given back, or held whole."""

from __future__ import annotations

import pytest

from core.errors import ConflictError, NotPermittedError
from core.storage.configured import content_store
from registry.callers import Caller
from registry.enums import Gate, GateOutcome, ScanVerdict, Scope, Tier
from registry.models import AuditEvent, ModelVersion, Policy
from registry.services.gates import decide, record_gate, record_scan_verdict
from registry.services.holding import hold_whole, serve_rest
from registry.services.versions import record_license
from scanning.models import Scan
from scanning.services.answers import answer_gate
from scanning.services.engines import engines, named
from scanning.services.looks import looks_at
from scanning.services.rounds import scan_version
from tests.factories.registry import ModelFactory, UserFactory, VersionFactory
from tests.scanning.twin_files import BOTH, pytorch, safe

EVIL, GOOD = pytorch(evil=True), pytorch()
PAIR = {"config.json": b"{}", "model.safetensors": safe(), "pytorch_model.bin": EVIL}
FEWER = dict(list(BOTH.items())[:1])


@pytest.fixture
def make_version(make_yard):
    """A version whose bytes are in the store and whose other gates passed; not scanned yet."""

    def make(files):
        model = ModelFactory(tier="professional", tier_by_curator=False)
        version = VersionFactory(
            model=model,
            files=files,
            store=content_store(),
            admission="pending",
            scan_verdict="",
            config={"formats": ["pickle", "safetensors"]},
        )
        record_license(version=version, spdx="MIT", license_class="permissive")
        for gate in set(Gate) - {Gate.MALWARE}:
            record_gate(version=version, gate=gate, outcome=GateOutcome.PASSED)
        return version

    return make


def scan(version):
    scan_version(version, report=lambda *what: None)
    return fresh(decide(version=fresh(version)))


def answer(version):
    present = engines()
    answer_gate(version, list(looks_at(version, present)), by=named(present))


def fresh(version):
    return ModelVersion.objects.select_related("model").get(pk=version.pk)


def held(version):
    return dict(version.files.exclude(held_back="").values_list("path", "held_back"))


def curator():
    user = UserFactory()
    scopes = frozenset({Scope.READ, Scope.CURATE})
    return Caller(user_id=user.pk, name=user.username, tier=Tier.PROFESSIONAL, scopes=scopes)


def believed_clean(version):
    """The state after a scan by engines that knew less."""
    record_scan_verdict(version=version, verdict=ScanVerdict.CLEAN)
    record_gate(version=version, gate=Gate.MALWARE, outcome=GateOutcome.PASSED, reason="Clean.")
    admitted = fresh(decide(version=version))
    assert admitted.admission == "admitted"
    return admitted


def test_an_unsafe_file_with_a_safe_twin_is_held_back_alone(make_version):
    version = scan(make_version(PAIR))
    assert (version.admission, version.scan_verdict) == ("admitted", "clean")
    [(path, why)] = held(version).items()
    assert path == "pytorch_model.bin"
    assert why.startswith("Unsafe: ")
    assert "system" in why
    assert why.endswith("The same weights are in model.safetensors.")
    gate = version.gates.get(gate=Gate.MALWARE)
    assert gate.outcome == "passed"
    assert gate.reason.endswith("all 2 files read. pytorch_model.bin is held back.")
    assert gate.evidence["held_back"] == {path: why}
    told = AuditEvent.objects.get(action="version.hold_back")
    assert told.details == {"held_back": {path: why}, "given_back": []}


def test_the_version_counts_and_is_told_without_it(make_version):
    version = scan(make_version(PAIR))
    assert version.file_count == 2
    assert version.size_bytes == len(PAIR["config.json"]) + len(PAIR["model.safetensors"])
    assert version.config["formats"] == ["safetensors"]
    assert version.model.formats == ["safetensors"]
    assert version.model.head_filename == "model.safetensors"
    assert version.model.size_bytes == version.size_bytes


def test_a_twin_with_other_tensors_is_none_and_the_version_is_held(make_version):
    version = scan(make_version(PAIR | {"model.safetensors": safe(FEWER)}))
    assert (version.admission, version.scan_verdict, held(version)) == ("held", "unsafe", {})
    assert version.file_count == 3


def test_what_has_no_twin_still_decides(make_version):
    version = scan(make_version(PAIR | {"extra.pkl": EVIL}))
    assert (version.admission, version.scan_verdict) == ("held", "unsafe")
    reason = version.gates.get(gate=Gate.MALWARE).reason
    assert reason.startswith("Unsafe: extra.pkl")
    assert reason.endswith("pytorch_model.bin is held back.")


def test_a_policy_may_refuse_a_version_that_is_not_whole(make_version):
    lite = Policy.objects.get(tier="lite", is_active=True)
    Policy.objects.filter(pk=lite.pk).update(is_active=False)
    limits = {**lite.limits, "held_back_refused": True}
    Policy.objects.create(tier="lite", number=9, gates=lite.gates, limits=limits)
    version = scan(make_version(PAIR))
    assert (version.admission, version.lowest_tier) == ("admitted", "standard")
    [reason] = [
        one for one in version.decision["tiers"][0]["reasons"] if one["gate"] == "held_back_refused"
    ]
    assert reason["blocks"]
    assert "pytorch_model.bin" in reason["reason"]
    clean = scan(make_version({"a.json": b"{}"}))
    assert clean.lowest_tier == "lite"


def test_a_curator_holds_the_whole_version_and_takes_it_back(make_version):
    version = scan(make_version(PAIR))
    who = curator()
    whole = fresh(hold_whole(caller=who, version=version, reason="We want all or nothing."))
    assert (whole.admission, whole.scan_verdict) == ("held", "clean")
    assert "We want all or nothing." in str(whole.decision)
    assert scan(whole).admission == "held"
    again = fresh(serve_rest(caller=who, version=whole, reason="It was looked at."))
    assert (again.admission, again.held_whole) == ("admitted", "")
    actions = AuditEvent.objects.filter(actor=who.name).values_list("action", "reason")
    assert {("version.hold_whole", "We want all or nothing.")} <= set(actions)
    assert {("version.serve_rest", "It was looked at.")} <= set(actions)


def test_only_curators_with_a_reason_hold_the_whole(make_version):
    version = scan(make_version(PAIR))
    viewer = Caller(name="v", tier=Tier.PROFESSIONAL, scopes=frozenset({Scope.READ}))
    with pytest.raises(NotPermittedError):
        hold_whole(caller=viewer, version=version, reason="x")
    with pytest.raises(ConflictError, match="not held as a whole"):
        serve_rest(caller=curator(), version=version, reason="x")
    other = scan(make_version({"a.json": b"{}"}))
    with pytest.raises(ConflictError, match="No file"):
        hold_whole(caller=curator(), version=other, reason="x")


def test_what_was_not_looked_at_comes_back_when_it_is_clean(make_version):
    version = make_version(PAIR | {"pytorch_model.bin": GOOD})
    scan(version)
    mine = version.files.get(path="pytorch_model.bin").sha256
    assert held(version) == {}
    Scan.objects.filter(sha256=mine, scanner="pickle_ops").update(
        verdict="incomplete", coverage="none", detail="it took too long", engine="yesterday"
    )
    Scan.objects.filter(sha256=mine).exclude(scanner="pickle_ops").delete()
    believed = fresh(version)
    answer(believed)
    assert list(held(believed)) == ["pytorch_model.bin"]
    assert fresh(believed).file_count == 2
    again = scan(believed)
    assert (again.admission, held(again), again.file_count) == ("admitted", {}, 3)
    assert again.config["formats"] == ["pickle", "safetensors"]
    given = AuditEvent.objects.filter(action="version.hold_back").first()
    assert given.details["given_back"] == ["pytorch_model.bin"]


def test_a_content_that_another_version_shows_to_be_clean_comes_back_everywhere(make_version):
    version = scan(make_version(PAIR | {"pytorch_model.bin": GOOD}))
    mine = version.files.get(path="pytorch_model.bin").sha256
    unread = Scan.objects.filter(sha256=mine, scanner="pickle_ops")
    unread.update(verdict="incomplete", coverage="none", detail="it took too long")
    answer(version)
    assert list(held(version)) == ["pytorch_model.bin"]
    scan(make_version({"again.bin": GOOD}))
    version = fresh(version)
    assert (version.admission, held(version), version.file_count) == ("admitted", {}, 3)


def test_a_finding_holds_the_file_back_in_every_version_that_can_do_without(make_version):
    other = pytorch(evil=True, shared={"head.weight": "embed.weight"})
    pair = PAIR | {"pytorch_model.bin": other}
    twin = believed_clean(make_version(pair))
    alone = believed_clean(make_version({"old.bin": other}))
    scan(make_version({"new.bin": other}))
    twin, alone = fresh(twin), fresh(alone)
    assert (twin.admission, twin.scan_verdict) == ("admitted", "clean")
    assert list(held(twin)) == ["pytorch_model.bin"]
    assert twin.gates.get(gate=Gate.MALWARE).reason == "Clean. pytorch_model.bin is held back."
    assert (alone.admission, alone.scan_verdict) == ("held", "unsafe")


def test_a_twin_that_is_found_unsafe_itself_holds_the_version(make_version):
    version = scan(make_version(PAIR))
    assert version.admission == "admitted"
    mine = version.files.get(path="model.safetensors").sha256
    other = make_version({"x/model.safetensors": PAIR["model.safetensors"]})
    scan(other)
    Scan.objects.filter(sha256=mine).update(
        verdict="unsafe",
        findings=[
            {"rule": "r", "severity": "high", "message": "m", "evidence": "", "location": ""}
        ],
    )
    scan(other)
    assert (fresh(version).admission, fresh(version).scan_verdict) == ("held", "unsafe")
