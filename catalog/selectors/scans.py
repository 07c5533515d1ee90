"""What the engines said of a version's files, as issues that a program can act on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from registry.enums import ScanVerdict
from registry.models import WANTED, ModelFile, ModelVersion
from registry.source_scan import KEY, read_source_scan
from scanning.models import FindingWaiver, Scan
from scanning.selectors import (
    NOT_COVERED,
    covering,
    reports_by_file,
    rule_of,
    scanned_files,
    waivers_in_force,
)

MAX_ISSUES = 1000


def scan_issues(version: ModelVersion) -> list[dict[str, Any]]:
    """Give every finding of the newest reports; what no engine could look at is an issue too.

    What the source itself warns of comes first, under the source's name. A finding that is
    accepted is an issue all the same, with its waiver; so is one in a file that is held back,
    and it says so.
    """
    files = list(scanned_files(version))
    waivers = waivers_in_force(file.sha256 for file in files)
    issues = _warnings(version)
    for file, scans in reports_by_file(files):
        mine = waivers.get(file.sha256, ())
        issues += [issue for scan in scans for issue in _issues_of(scan, file, mine)]
        if len(issues) >= MAX_ISSUES:
            break
    return issues[:MAX_ISSUES]


def _warnings(version: ModelVersion) -> list[dict[str, Any]]:
    said = read_source_scan(version.facts.get(KEY))
    warnings = said.warnings if said else {}
    taken = version.files.filter(WANTED, path__in=warnings).order_by("path")
    return [
        {
            "title": "The source warns of it",
            "severity": severity_of(warnings[path]),
            "description": f"{path}: {warnings[path] or 'named without a word'}",
            "source": version.model.source,
            "rule": None,
            "sha256": sha256 or None,
            "waiver": None,
        }
        for path, sha256 in taken.values_list("path", "sha256")
    ]


def severity_of(word: str) -> str:
    """How much a source's word for a file weighs beside the findings of engines."""
    return "high" if word == "unsafe" else "medium"


def _issues_of(
    scan: Scan, file: ModelFile, waivers: Sequence[FindingWaiver]
) -> Iterator[dict[str, Any]]:
    named = {"source": f"{scan.scanner} {scan.engine}", "sha256": scan.sha256}
    held = " It is held back." if file.held_back else ""
    for finding in scan.findings:
        yield {
            "title": rule_of(scan.scanner, finding["rule"]).title,
            "severity": finding["severity"],
            "description": f"{_words(finding, file.path)}{held}",
            "rule": finding["rule"],
            **named,
            "waiver": waiver_shown(covering(waivers, finding)),
        }
    if scan.verdict == ScanVerdict.INCOMPLETE:
        text = f"{file.path}: {scan.detail or 'The engine could not look at all of it.'}{held}"
        missing = {"title": NOT_COVERED, "severity": "medium", "description": text, "rule": None}
        yield {**missing, **named, "waiver": None}


def _words(finding: dict[str, Any], path: str) -> str:
    place = f"{path}:{finding['location']}" if finding.get("location") else path
    evidence = f" ({finding['evidence']})" if finding.get("evidence") else ""
    return f"{place}: {finding.get('message', '')}{evidence}"


def waiver_shown(waiver: FindingWaiver | None) -> dict[str, Any] | None:
    """A waiver as it stands beside a finding."""
    if waiver is None:
        return None
    return {
        "id": waiver.pk,
        "reason": waiver.reason,
        "granted_by": waiver.granted_by.get_username(),
        "expires_at": waiver.expires_at,
    }
