"""Findings and engines over REST, in health and in metrics; the engines on the Scans page."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from scanning.models import EngineState
from tests.catalog.test_scans_page import EVIL, browser, file, page, version_of
from tests.scanning.reporting import finding, report

__all__ = ["browser"]


def test_engines_show_their_state_and_the_age_of_their_signatures(browser, ask, make_key):
    now = timezone.now()
    for slug, state, words, made_at in [
        ("clamav", "working", "", now - timedelta(days=11)),
        ("pickle_ops", "broken", "calls its canary clean", None),
    ]:
        EngineState.objects.create(
            slug=slug,
            host="scan-1",
            engine="ClamAV/1.4.2/27831" if slug == "clamav" else "yard/1",
            signatures="27831" if slug == "clamav" else "",
            signatures_at=made_at,
            state=state,
            words=words,
            checked_at=now,
        )
    text = " ".join(page(browser()).split())
    assert "ClamAV signatures 27831, 11 d old: too old" in text
    assert "is broken.</b> Calls its canary clean. Nothing that it says counts as clean." in text
    assert "not proved yet" in text
    engines = ask("/api/v1/scans/engines", key=make_key()).json()["results"]
    assert engines[0] | {"checked_at": None} == {
        "engine": "pickle_ops",
        "title": "Pickle opcodes",
        "state": "broken",
        "version": "yard/1",
        "signatures": None,
        "signatures_at": None,
        "signatures_days": None,
        "detail": "calls its canary clean",
        "host": "scan-1",
        "checked_at": None,
    }
    states = {row["engine"]: row["state"] for row in engines}
    assert (states["clamav"], states["gguf"]) == ("working", "unknown")


def test_a_broken_engine_makes_health_degraded_and_a_metric(ask, make_key, db):
    EngineState.objects.create(
        slug="gguf",
        host="h",
        state="broken",
        words="calls its canary clean",
        checked_at=timezone.now(),
    )
    document = ask("/api/health/detailed", key=make_key()).json()
    assert document["status"] != "healthy"
    assert document["engines"]["gguf"]["status"] == "unavailable"
    assert document["engines"]["gguf"]["error"] == "calls its canary clean"
    assert document["engines"]["keras"]["status"] == "degraded"
    metrics = ask("/metrics").content.decode()
    assert 'modelyard_engine_state{engine="gguf",state="broken"} 1.0' in metrics
    assert 'modelyard_engine_state{engine="gguf",state="working"} 0.0' in metrics
    assert 'modelyard_engine_state{engine="keras",state="unknown"} 1.0' in metrics


def test_rest_tells_a_finding_with_files_answers_and_bytes_covered(ask, make_key, db):
    version = version_of()
    report(
        file(version),
        "modelscan",
        finding("modelscan_unsafe_operator", "high"),
        covered_bytes=5,
    )
    report(file(version), "picklescan", verdict="clean")
    key = make_key(role="curator")
    document = ask("/api/v1/scans/findings?limit=1", key=key).json()
    assert (document["next"], document["previous"]) == (None, None)
    (row,) = document["results"]
    assert (row["severity"], row["verdict"], row["rule"]) == (
        "high",
        "unsafe",
        "modelscan_unsafe_operator",
    )
    assert row["reference"] == "https://cwe.mitre.org/data/definitions/502.html"
    assert row["sha256"] == file(version).sha256
    assert row["engines"] == ["modelscan"]
    assert row["waived_until"] is None
    assert row["files"] == [
        {
            "model": version.model.slug,
            "version": 1,
            "path": "a.pkl",
            "size_bytes": len(EVIL),
            "held_back": False,
        }
    ]
    answers = {one["engine"]: one for one in row["answers"]}
    assert answers["modelscan"]["covered_bytes"] == 5
    assert answers["modelscan"]["answer"] == "flagged"
    assert answers["picklescan"] == answers["picklescan"] | {
        "answer": "clean",
        "covered_bytes": None,
        "version": "yard/1",
    }


def test_rest_is_walked_by_cursor(ask, make_key, db):
    version = version_of(files={f"{n}.pkl": f"content {n}".encode() for n in range(5)})
    for n, one in enumerate(version.files.all()):
        report(one, "pickle_ops", finding(f"rule_{n}", "high" if n % 2 else "low"))
    key, path, seen = make_key(), "/api/v1/scans/findings?limit=2", []
    while path:
        document = ask(path, key=key).json()
        seen += [row["rule"] for row in document["results"]]
        path = document["next"]
    assert (len(seen), len(set(seen))) == (5, 5)
    assert [rule in ("rule_1", "rule_3") for rule in seen] == [True, True, False, False, False]
