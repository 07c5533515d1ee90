"""Versions with reports that no child process had to write: what engines say is given."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from django.utils import timezone

from core.storage.configured import content_store
from registry.enums import Gate, GateOutcome
from registry.models import ModelVersion
from registry.services.gates import decide, record_gate
from registry.services.versions import record_license
from scanning.models import FindingWaiver, Scan
from scanning.services.answers import answer_gate, findings_to_tell
from scanning.services.engines import engines, named
from scanning.services.looks import looks_at
from scanning.services.twins import hold_twins
from scanning.services.waivers import grant_waiver
from tests.factories.registry import ModelFactory, VersionFactory

RISKY = b"\x80\x04N."  # what engines say of it is up to each test
GOOD = b"\x80\x04K\x01."
WHY = "Read by hand, harmless here"


def sha_of(content):
    return hashlib.sha256(content).hexdigest()


def finding(rule="odd_call", severity="high", **words):
    return {
        "rule": rule, "severity": severity, "message": f"{rule} was seen",
        "evidence": "", "location": "", **words,
    }  # fmt: skip


def make_held(files=None, *, tier="professional", **values):
    """A version whose bytes are stored and whose other gates passed; nobody has scanned it."""
    model = values.pop("model", None) or ModelFactory(tier=tier, tier_by_curator=True)
    version = VersionFactory(
        model=model,
        files=files or {"a.pkl": RISKY},
        store=content_store(),
        admission="pending",
        scan_verdict="",
        **values,
    )
    record_license(version=version, spdx="MIT", license_class="permissive")
    for gate in set(Gate) - {Gate.MALWARE}:
        record_gate(version=version, gate=gate, outcome=GateOutcome.PASSED)
    return version


def report_of(look, findings, verdict="", coverage="full"):
    worst = {one["severity"] for one in findings}
    by_findings = "unsafe" if worst & {"high", "critical"} else "suspicious"
    given = verdict or (by_findings if worst - {"low", "info"} else "clean")
    Scan.objects.update_or_create(
        sha256=look.sha256,
        scanner=look.scanner.slug,
        engine=look.engine,
        variant=look.variant,
        defaults={
            "verdict": given,
            "findings": findings,
            "coverage": coverage,
            "scanned_at": timezone.now(),
        },
    )


def scanned(version, said=None, *, by="pickle_ops", **words):
    """Let every engine report: `by` says `said` of each content it names, the others nothing."""
    said = {sha_of(RISKY): [finding()]} if said is None else said
    present = engines()
    looks = list(looks_at(version, present))
    for look in looks:
        mine = said.get(look.sha256, []) if look.scanner.slug == by else []
        report_of(look, mine, **(words if mine else {}))
    answer_gate(version, looks, by=named(present))
    for found in findings_to_tell(looks):
        hold_twins(version, found)
    return fresh(decide(version=fresh(version)))


def fresh(version):
    return ModelVersion.objects.select_related("model").get(pk=version.pk)


def malware(version):
    return version.gates.get(gate="malware")


def in_days(days):
    return timezone.now() + timedelta(days=days)


@pytest.fixture
def later(monkeypatch):
    """Let time pass for whoever asks Django for it."""

    def pass_(days):
        real = timezone.now
        monkeypatch.setattr(timezone, "now", lambda: real() + timedelta(days=days))

    return pass_


def only_waiver():
    return FindingWaiver.objects.get()


def accept(caller, *, sha256="", rule="odd_call", reason=WHY, days=30):
    named = {"sha256": sha256 or sha_of(RISKY), "rule": rule}
    return grant_waiver(caller=caller, **named, reason=reason, expires_at=in_days(days))
