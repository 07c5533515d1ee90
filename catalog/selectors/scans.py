"""What the engines said of a version's files, as issues that a program can act on."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from registry.enums import ScanVerdict
from registry.models import WANTED, ModelFile, ModelVersion
from registry.source_scan import KEY, read_source_scan
from scanning.models import Scan
from scanning.selectors import reports_of

MAX_ISSUES = 1000


def scan_issues(version: ModelVersion) -> list[dict[str, str]]:
    """Give every finding of the newest reports; what no engine could look at is an issue too.

    What the source itself warns of comes first, under the source's name.
    """
    reports = reports_of(version)
    issues = _warnings(version)
    for path, sha256 in _paths(version):
        for scan in reports.get(sha256, ()):
            issues += _issues_of(scan, path)
        if len(issues) >= MAX_ISSUES:
            break
    return issues[:MAX_ISSUES]


def _warnings(version: ModelVersion) -> list[dict[str, str]]:
    said = read_source_scan(version.facts.get(KEY))
    warnings = said.warnings if said else {}
    taken = version.files.filter(WANTED, path__in=warnings).order_by("path")
    return [
        {
            "title": "source_warning",
            "severity": severity_of(warnings[path]),
            "description": f"{path}: {warnings[path] or 'named without a word'}",
            "source": version.model.source,
        }
        for path in taken.values_list("path", flat=True)
    ]


def severity_of(word: str) -> str:
    """How much a source's word for a file weighs beside the findings of engines."""
    return "high" if word == "unsafe" else "medium"


def _paths(version: ModelVersion) -> QuerySet[ModelFile, tuple[str, str]]:
    return version.files.filter(WANTED).order_by("path").values_list("path", "sha256")


def _issues_of(scan: Scan, path: str) -> list[dict[str, str]]:
    source = f"{scan.scanner} {scan.engine}"
    found = [_issue(finding, path, source) for finding in scan.findings]
    if scan.verdict == ScanVerdict.INCOMPLETE:
        text = f"{path}: {scan.detail or 'The engine could not look at all of it.'}"
        found.append(
            {"title": "not_covered", "severity": "medium", "description": text, "source": source}
        )
    return found


def _issue(finding: dict[str, Any], path: str, source: str) -> dict[str, str]:
    place = f"{path}:{finding['location']}" if finding.get("location") else path
    evidence = f" ({finding['evidence']})" if finding.get("evidence") else ""
    return {
        "title": str(finding.get("rule", "")),
        "severity": str(finding.get("severity", "")),
        "description": f"{place}: {finding.get('message', '')}{evidence}",
        "source": source,
    }
