"""Findings by content and rule: made with the reports, never without them."""

from __future__ import annotations

import importlib

import pytest
from django.db import connection
from django.utils import timezone

from core.storage.configured import content_store
from scanning.models import ContentFinding, Scan
from scanning.services import rounds
from scanning.services.inbox import note_formats, refresh_findings
from scanning.services.rounds import scan_version
from tests.factories.registry import VersionFactory
from tests.standins.repos import HARMLESS_PAYLOAD

SHA, OTHER = "a" * 64, "b" * 64
LOW = {"rule": "odd", "severity": "low", "message": "is odd", "evidence": "", "location": ""}
BAD = {"rule": "runs", "severity": "critical", "message": "runs", "evidence": "", "location": ""}


def said(scanner="one", *findings, verdict="clean", sha256=SHA, engine="1", variant="", detail=""):
    return Scan.objects.create(
        sha256=sha256,
        scanner=scanner,
        engine=engine,
        variant=variant,
        verdict=verdict,
        findings=list(findings),
        coverage="none" if verdict == "incomplete" else "full",
        detail=detail,
        scanned_at=timezone.now(),
    )


def rows():
    refresh_findings([SHA])
    values = ContentFinding.objects.values_list("rule", "weight", "engines", "verdict")
    return {rule: (weight, sorted(engines), verdict) for rule, weight, engines, verdict in values}


def test_what_several_engines_say_by_one_rule_is_one_finding(db):
    said("one", LOW, verdict="clean")
    said("two", LOW | {"severity": "high"}, BAD, verdict="unsafe")
    assert rows() == {"odd": (3, ["one", "two"], "unsafe"), "runs": (4, ["two"], "unsafe")}


def test_only_the_newest_report_of_an_engine_counts(db):
    said("one", BAD, verdict="unsafe")
    assert rows() == {"runs": (4, ["one"], "unsafe")}
    first = ContentFinding.objects.get()
    said("one", BAD, LOW, verdict="unsafe", engine="2")
    assert rows().keys() == {"runs", "odd"}
    again = ContentFinding.objects.get(rule="runs")
    assert (again.pk, again.found_at) == (first.pk, first.found_at)  # it keeps its place
    said("one", verdict="clean", engine="3")
    assert rows() == {}


def test_an_answer_under_another_name_counts_beside_the_first(db):
    said("one", BAD, verdict="unsafe", variant="json")
    said("one", verdict="clean", variant="text")
    assert rows() == {"runs": (4, ["one"], "unsafe")}


def test_what_could_not_be_looked_at_is_a_finding_with_the_reason(db):
    said("one", LOW, verdict="clean")
    said("two", verdict="incomplete", detail="larger than it reads")
    assert rows() == {
        "not_covered": (2, ["two"], "incomplete"),
        "odd": (1, ["one"], "incomplete"),
    }
    assert ContentFinding.objects.get(rule="not_covered").message == "larger than it reads"


def test_a_format_that_nobody_knows_is_never_called_clean(db):
    said("one", LOW, verdict="clean")
    rows()
    note_formats(unknown=[SHA], known=[OTHER])
    found = dict(ContentFinding.objects.values_list("rule", "verdict"))
    assert found == {"odd": "incomplete", "not_understood": "incomplete"}
    assert rows()["not_understood"] == (2, [], "incomplete")  # a fresh report does not end it
    note_formats(unknown=[], known=[SHA])
    assert dict(ContentFinding.objects.values_list("rule", "verdict")) == {"odd": "clean"}


def test_old_reports_are_filled_in_as_new_ones_are(db):
    said("one", LOW, verdict="clean")
    said("two", LOW | {"severity": "high"}, BAD, verdict="unsafe")
    said("two", verdict="incomplete", detail="why", sha256=OTHER)
    refresh_findings([SHA, OTHER])
    fields = ("sha256", "rule", "weight", "engines", "message", "verdict", "found_at")
    expected = set(map(str, ContentFinding.objects.order_by("sha256", "rule").values_list(*fields)))
    ContentFinding.objects.all().delete()
    migration = importlib.import_module("scanning.migrations.0004_fill_findings")
    with connection.cursor() as cursor:
        cursor.execute(migration.FILL)
    filled = set(map(str, ContentFinding.objects.order_by("sha256", "rule").values_list(*fields)))
    assert (filled, len(filled)) == (expected, 3)


@pytest.fixture
def version(make_yard):
    files = {"a.pkl": HARMLESS_PAYLOAD, "b.weird": b"\x00\x01\x02\x03" * 10}
    return VersionFactory(files=files, store=content_store(), admission="pending", scan_verdict="")


def test_a_scan_leaves_findings_and_how_much_each_engine_covered(version):
    scan_version(version, report=lambda *_: None)
    pickle, weird = version.files.order_by("path")
    mine = ContentFinding.objects.filter(sha256=pickle.sha256)
    worst = mine.first()
    assert (worst.verdict, worst.weight >= 3) == ("unsafe", True)
    assert {"pickle_ops", "picklescan", "modelscan"} <= {e for row in mine for e in row.engines}
    assert ContentFinding.objects.filter(sha256=weird.sha256, rule="not_understood").exists()
    report = Scan.objects.get(sha256=pickle.sha256, scanner="file_rules")
    assert report.covered_bytes == pickle.size
    assert not Scan.objects.filter(coverage="full", covered_bytes=None).exists()


def test_a_report_is_not_kept_without_its_findings(version, monkeypatch):
    def fail(_):
        raise RuntimeError("the database went away")

    monkeypatch.setattr(rounds, "refresh_findings", fail)
    with pytest.raises(RuntimeError):
        scan_version(version, report=lambda *_: None)
    assert not Scan.objects.exists()
