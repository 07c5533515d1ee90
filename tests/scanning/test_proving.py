"""Engines prove themselves: on a canary at start, with new rules, and before every scan."""

from __future__ import annotations

import socket
from datetime import timedelta

import pytest
from django.utils import timezone

from core.storage.configured import content_store
from scanning.models import EngineState, Scan
from scanning.scanners import scanners
from scanning.selectors import engine_states
from scanning.services.proving import EVERY, FORGOTTEN, prove_engines
from scanning.services.rounds import scan_version
from tests.factories.registry import VersionFactory
from tests.scanning.breaking import broken_pickle_engine
from tests.scanning.clamd import BINARY, running_clamd
from tests.scanning.pickles import CLEAN

__all__ = ["broken_pickle_engine"]
needs_clamd = pytest.mark.skipif(BINARY is None, reason="clamd is not installed")


@pytest.fixture(autouse=True)
def folders(make_yard):
    """The scratch folder and the store of this test."""


def state(slug):
    return EngineState.objects.get(slug=slug)


def version_with(**files):
    named = {name.replace("_", "."): data for name, data in files.items()}
    return VersionFactory(files=named, store=content_store(), admission="pending", scan_verdict="")


def scan(version):
    scan_version(version, report=lambda *_: None)
    version.refresh_from_db()
    return version.gates.get(gate="malware")


def test_every_engine_answers_its_canary_and_is_kept_with_its_version(db):
    prove_engines()
    rows = {row.slug: row for row in EngineState.objects.all()}
    assert rows.keys() == {cls.slug for cls in scanners}
    assert {row.state for slug, row in rows.items() if slug != "clamav"} == {"working"}
    assert (rows["clamav"].state, rows["clamav"].words) == ("absent", "not set up here")
    assert all(
        row.engine and row.host == socket.gethostname() for row in rows.values() if row.engine
    )
    assert rows["pickle_ops"].engine


def test_an_engine_that_finds_nothing_is_broken_until_it_is_mended(db, broken_pickle_engine):
    prove_engines()
    assert (state("pickle_ops").state, state("pickle_ops").words) == (
        "broken",
        "pickle_ops calls its canary clean",
    )
    assert state("picklescan").state == "working"
    broken_pickle_engine()  # undone
    assert "pickle_ops" in {row.slug for row in prove_engines(only_due=True)}
    assert state("pickle_ops").state == "working"


def test_what_a_broken_engine_calls_clean_is_incomplete(db, broken_pickle_engine):
    EngineState.objects.create(
        slug="pickle_ops",
        host=socket.gethostname(),
        state="working",
        checked_at=timezone.now(),
    )
    version = version_with(a_pkl=CLEAN)
    gate = scan(version)
    assert (version.scan_verdict, gate.outcome) == ("incomplete", "unknown")
    assert "broken: pickle_ops calls its canary clean" in " ".join(gate.evidence["reasons"])
    report = Scan.objects.get(scanner="pickle_ops")
    assert (report.verdict, report.coverage, report.covered_bytes) == ("incomplete", "none", None)
    assert state("pickle_ops").state == "broken"  # told at once, not with the next look
    broken_pickle_engine()
    assert scan(version).outcome == "passed"
    assert state("pickle_ops").state == "working"


@needs_clamd
def test_a_clamd_without_signatures_is_broken_and_calls_nothing_clean(db, settings, tmp_path):
    database = tmp_path / "db"
    database.mkdir()
    (database / "other.hdb").write_text(f"{'0' * 32}:1:Yard.Test.Nothing\n")
    with running_clamd(DatabaseDirectory=str(database)) as (address, _):
        settings.CLAMD_SOCKET = address.socket
        prove_engines()
        assert (state("clamav").state, state("clamav").words) == (
            "broken",
            "clamav calls its canary clean",
        )
        version = version_with(config_json=b"{}")
        assert scan(version).outcome == "unknown"
        assert version.scan_verdict == "incomplete"


@needs_clamd
def test_a_clamd_that_goes_away_is_broken_and_not_absent(db, settings):
    with running_clamd() as (address, _):
        settings.CLAMD_SOCKET = address.socket
        prove_engines()
        assert state("clamav").state == "working"
        assert state("clamav").engine.startswith("ClamAV/")
    prove_engines(only_due=True)
    assert state("clamav").state == "broken"
    assert "does not answer" in state("clamav").words


def test_only_what_is_due_is_asked_again(db):
    prove_engines()
    assert {row.slug for row in prove_engines(only_due=True)} == {"clamav"}  # may come any time
    EngineState.objects.filter(slug="gguf").update(engine="rules of yesterday")
    EngineState.objects.filter(slug="keras").update(checked_at=timezone.now() - EVERY)
    EngineState.objects.filter(slug="secrets").update(signatures="older")
    assert {row.slug for row in prove_engines(only_due=True)} == {
        "clamav",
        "gguf",
        "keras",
        "secrets",
    }


def test_engines_and_hosts_that_are_gone_are_forgotten(db):
    now = timezone.now()
    host = socket.gethostname()
    for slug, where, age in [
        ("removed_engine", host, timedelta(0)),
        ("gguf", "gone", FORGOTTEN + timedelta(minutes=1)),
        ("gguf", "other", timedelta(minutes=30)),
    ]:
        EngineState.objects.create(slug=slug, host=where, state="working", checked_at=now - age)
    prove_engines()
    assert set(EngineState.objects.values_list("host", flat=True)) == {host, "other"}
    assert not EngineState.objects.filter(slug="removed_engine").exists()


def test_an_engine_is_as_bad_as_on_its_worst_host_and_old_answers_say_nothing(db):
    now = timezone.now()
    rows = [
        ("gguf", "a", "working", 0),
        ("gguf", "b", "broken", 1),
        ("keras", "a", "working", 0),
        ("keras", "b", "absent", 1),
        ("secrets", "a", "working", 90),
    ]
    for slug, host, word, minutes in rows:
        at = now - timedelta(minutes=minutes)
        EngineState.objects.create(slug=slug, host=host, state=word, checked_at=at)
    found = engine_states()
    assert {slug: (row.state, row.host) for slug, row in found.items()} == {
        "gguf": ("broken", "b"),
        "keras": ("working", "a"),
    }
