from __future__ import annotations

import json
from pathlib import Path

import pytest

from scanning.scanners import (
    ClamdAddress,
    Coverage,
    Finding,
    Report,
    ScannerOptions,
    Severity,
    Verdict,
)
from scanning.scanners.base import MAX_FINDINGS, conclude


def finding(severity: Severity, message: str = "m") -> Finding:
    return Finding("rule", severity, message, "evidence", "a!b")


@pytest.mark.parametrize(
    ("severities", "gaps", "expected"),
    [
        ([], [], Verdict.CLEAN),
        ([Severity.INFO, Severity.LOW], [], Verdict.CLEAN),
        ([Severity.MEDIUM], [], Verdict.SUSPICIOUS),
        ([Severity.HIGH], [], Verdict.UNSAFE),
        ([Severity.CRITICAL], ["gap"], Verdict.UNSAFE),
        ([Severity.MEDIUM], ["gap"], Verdict.INCOMPLETE),
        ([], ["gap"], Verdict.INCOMPLETE),
    ],
)
def test_findings_and_gaps_make_the_verdict(severities, gaps, expected):
    report = conclude([finding(severity) for severity in severities], gaps)
    assert report.verdict is expected
    assert report.coverage is (Coverage.PARTIAL if gaps else Coverage.FULL)


def test_the_worst_findings_are_kept_when_there_are_too_many():
    many = [finding(Severity.LOW, str(n)) for n in range(MAX_FINDINGS + 50)]
    report = conclude([*many, finding(Severity.CRITICAL)])
    assert len(report.findings) == MAX_FINDINGS
    assert report.findings[0].severity is Severity.CRITICAL


def test_clean_without_full_coverage_cannot_be_built():
    with pytest.raises(ValueError, match="full coverage"):
        Report(Verdict.CLEAN, coverage=Coverage.PARTIAL)


def test_a_report_crosses_a_process_border_unchanged():
    report = conclude([finding(Severity.HIGH)], ["gap"])
    assert Report.from_json(json.loads(json.dumps(report.to_json()))) == report


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"verdict": "fine", "findings": [], "detail": "", "coverage": "full"},
        {"verdict": "clean", "findings": [], "detail": "", "coverage": "none"},
        {"verdict": "clean", "findings": [1], "detail": "", "coverage": "full"},
        {"verdict": "clean", "findings": None, "detail": "", "coverage": "full"},
        ["clean"],
    ],
)
def test_a_malformed_report_is_refused(data):
    with pytest.raises(ValueError):  # noqa: PT011 the message differs by case
        Report.from_json(data)


@pytest.mark.parametrize("clamd", [None, ClamdAddress(host="h", port=1), ClamdAddress(socket="/s")])
def test_options_cross_a_process_border_unchanged(clamd):
    options = ScannerOptions(clamd=clamd, scratch=Path("/x"), max_depth=7)
    assert ScannerOptions.from_json(json.loads(json.dumps(options.to_json()))) == options
