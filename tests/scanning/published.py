"""Published versions whose engines change, and the run that scans them again, driven by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core import runs
from core.models import ACTIVE, Run
from core.storage.configured import content_store
from registry.callers import Caller
from registry.enums import Gate, GateOutcome
from registry.models import ModelVersion
from registry.services.downloads import note_download
from registry.services.gates import decide, record_gate
from registry.services.versions import record_license
from scanning.sandbox import scan_proven
from scanning.scanners import Report, scanners
from scanning.services import rounds
from scanning.services.published import notice_engines
from scanning.services.rounds import scan_version
from tests.factories.registry import ModelFactory, VersionFactory
from tests.scanning.clamd import BINARY

GOOD = {"notes.txt": b"harmless words\n"}
TURNS = 40
needs_clamd = pytest.mark.skipif(BINARY is None, reason="clamd is not installed")


def fresh(version):
    return ModelVersion.objects.select_related("model").get(pk=version.pk)


@pytest.fixture
def bring(make_yard):
    """Make a version, have it scanned by today's engines, and decide."""

    def make(files=None, **model):
        version = VersionFactory(
            model=ModelFactory(**{"tier": "professional", "tier_by_curator": False, **model}),
            files=files or GOOD,
            store=content_store(),
            admission="pending",
            scan_verdict="",
            lowest_tier="",
        )
        record_license(version=version, spdx="MIT", license_class="permissive")
        for gate in set(Gate) - {Gate.MALWARE}:
            record_gate(version=version, gate=gate, outcome=GateOutcome.PASSED)
        scan_version(version, report=lambda *what: None)
        return fresh(decide(version=fresh(version)))

    return make


@pytest.fixture
def publish(bring):
    """Bring a version that today's engines call clean and that policy admits."""

    def make(files=None, **model):
        version = bring(files, **model)
        assert (version.admission, version.scan_verdict) == ("admitted", "clean")
        return version

    return make


@pytest.fixture
def upgrade(monkeypatch):
    """Give an engine another version."""

    def change(slug, version="99"):
        monkeypatch.setattr(scanners.get(slug), "engine", property(lambda self: version))

    return change


def turn(run):
    """Let a worker do the next step now, whatever time the run waits for."""
    Run.objects.filter(pk=run.pk).update(not_before=None)
    runs.advance(run.pk)
    run.refresh_from_db()
    return run


def drive(run):
    for _ in range(TURNS):
        if run.state not in ACTIVE:
            return run
        turn(run)
    raise AssertionError(f"{run} does not end: {run.waiting_for}")


def rescan():
    """Notice what changed and do all that follows; None when nothing was to be done."""
    run = notice_engines()
    return run and drive(run)


@pytest.fixture
def unread(monkeypatch):
    """From here on the engines named in the list break on every file."""
    broken = []

    def breaking(asked, *rest):
        proven = scan_proven(asked, *rest)
        crashed = Report.incomplete("the engine crashed")
        told = zip(asked, proven.reports, strict=True)
        reports = (crashed if one.slug in broken else report for one, report in told)
        return replace(proven, reports=tuple(reports))

    monkeypatch.setattr(rounds, "scan_proven", breaking)
    return broken


def downloaded(version, person, times=1):
    for _ in range(times):
        note_download(caller=Caller(user_id=person.pk), version=version, begins=True)
