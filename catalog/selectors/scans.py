"""What the engines said of a version's files, as issues that a program can act on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from registry.enums import ScanVerdict
from registry.models import WANTED, ModelFile, ModelVersion
from registry.source_scan import KEY, read_source_scan
from scanning.models import FindingWaiver, Scan
from scanning.selectors import covering, reports_of, waivers_in_force

MAX_ISSUES = 1000


def scan_issues(version: ModelVersion) -> list[dict[str, Any]]:
    """Give every finding of the newest reports; what no engine could look at is an issue too.

    What the source itself warns of comes first, under the source's name. A finding that is
    accepted is an issue all the same, with its waiver.
    """
    reports = reports_of(version)
    waivers = waivers_in_force(reports)
    issues = _warnings(version)
    for path, sha256 in _paths(version):
        for scan in reports.get(sha256, ()):
            issues += _issues_of(scan, path, waivers.get(sha256, ()))
        if len(issues) >= MAX_ISSUES:
            break
    return issues[:MAX_ISSUES]


def _warnings(version: ModelVersion) -> list[dict[str, Any]]:
    said = read_source_scan(version.facts.get(KEY))
    warnings = said.warnings if said else {}
    taken = version.files.filter(WANTED, path__in=warnings).order_by("path")
    return [
        {
            "title": "source_warning",
            "severity": severity_of(warnings[path]),
            "description": f"{path}: {warnings[path] or 'named without a word'}",
            "source": version.model.source,
            "sha256": sha256 or None,
            "waiver": None,
        }
        for path, sha256 in taken.values_list("path", "sha256")
    ]


def severity_of(word: str) -> str:
    """How much a source's word for a file weighs beside the findings of engines."""
    return "high" if word == "unsafe" else "medium"


def _paths(version: ModelVersion) -> QuerySet[ModelFile, tuple[str, str]]:
    return version.files.filter(WANTED).order_by("path").values_list("path", "sha256")


def _issues_of(scan: Scan, path: str, waivers: Iterable[FindingWaiver]) -> list[dict[str, Any]]:
    named = {"source": f"{scan.scanner} {scan.engine}", "sha256": scan.sha256}
    waivers = list(waivers)
    found = [
        {**_issue(finding, path), **named, "waiver": _waiver(covering(waivers, finding))}
        for finding in scan.findings
    ]
    if scan.verdict == ScanVerdict.INCOMPLETE:
        text = f"{path}: {scan.detail or 'The engine could not look at all of it.'}"
        missing = {"title": "not_covered", "severity": "medium", "description": text}
        found.append({**missing, **named, "waiver": None})
    return found


def _issue(finding: dict[str, Any], path: str) -> dict[str, str]:
    place = f"{path}:{finding['location']}" if finding.get("location") else path
    evidence = f" ({finding['evidence']})" if finding.get("evidence") else ""
    return {
        "title": str(finding.get("rule", "")),
        "severity": str(finding.get("severity", "")),
        "description": f"{place}: {finding.get('message', '')}{evidence}",
    }


def _waiver(waiver: FindingWaiver | None) -> dict[str, Any] | None:
    if waiver is None:
        return None
    return {
        "id": waiver.pk,
        "reason": waiver.reason,
        "granted_by": waiver.granted_by.get_username(),
        "expires_at": waiver.expires_at,
    }
