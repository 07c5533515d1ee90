"""What the engines said of a version's files, as issues that a program can act on."""

from __future__ import annotations

from typing import Any

from registry.enums import ScanVerdict
from registry.models import WANTED, ModelFile, ModelVersion
from registry.source_scan import KEY, read_source_scan
from scanning.models import Scan
from scanning.selectors import NOT_COVERED, reports_by_file, rule_of, scanned_files

MAX_ISSUES = 1000


def scan_issues(version: ModelVersion) -> list[dict[str, str]]:
    """Give every finding of the newest reports; what no engine could look at is an issue too.

    What the source itself warns of comes first, under the source's name. Files that are held back
    are told of too, and that they are.
    """
    issues = _warnings(version)
    for file, scans in reports_by_file(scanned_files(version)):
        issues += [issue for scan in scans for issue in _issues_of(scan, file)]
        if len(issues) >= MAX_ISSUES:
            break
    return issues[:MAX_ISSUES]


def _warnings(version: ModelVersion) -> list[dict[str, str]]:
    said = read_source_scan(version.facts.get(KEY))
    warnings = said.warnings if said else {}
    taken = version.files.filter(WANTED, path__in=warnings).order_by("path")
    return [
        {
            "title": "The source warns of it",
            "severity": severity_of(warnings[path]),
            "description": f"{path}: {warnings[path] or 'named without a word'}",
            "source": version.model.source,
        }
        for path in taken.values_list("path", flat=True)
    ]


def severity_of(word: str) -> str:
    """How much a source's word for a file weighs beside the findings of engines."""
    return "high" if word == "unsafe" else "medium"


def _issues_of(scan: Scan, file: ModelFile) -> list[dict[str, str]]:
    source = f"{scan.scanner} {scan.engine}"
    held = " It is held back." if file.held_back else ""
    found = [_issue(one, scan, file.path, source, held) for one in scan.findings]
    if scan.verdict == ScanVerdict.INCOMPLETE:
        text = f"{file.path}: {scan.detail or 'The engine could not look at all of it.'}{held}"
        found.append(
            {"title": NOT_COVERED, "severity": "medium", "description": text, "source": source}
        )
    return found


def _issue(
    finding: dict[str, Any], scan: Scan, path: str, source: str, held: str
) -> dict[str, str]:
    place = f"{path}:{finding['location']}" if finding.get("location") else path
    evidence = f" ({finding['evidence']})" if finding.get("evidence") else ""
    return {
        "title": rule_of(scan.scanner, str(finding.get("rule", ""))).title,
        "severity": str(finding.get("severity", "")),
        "description": f"{place}: {finding.get('message', '')}{evidence}{held}",
        "source": source,
    }
