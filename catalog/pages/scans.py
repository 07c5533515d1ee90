"""The Scan tab: what each engine read and found, worst first."""

from __future__ import annotations

from collections import Counter
from typing import Any

from catalog.openness import papers_with
from catalog.pages.answers import rule_of
from catalog.pages.findings import Waivers
from catalog.pages.scan_files import files_context
from catalog.selectors.scans import severity_of
from catalog.upstreams import source_title
from registry.callers import Caller
from registry.models import WANTED, ModelVersion
from registry.source_scan import KEY, read_source_scan
from scanning import selectors
from scanning.models import Scan
from scanning.scanners import Severity, Verdict, scanners
from scanning.selectors import waiting_rescan
from scanning.services.engines import absent_engines

_MOST_ROWS = 50
_SEVERITIES = [severity.value for severity in reversed(Severity)]
_VERDICTS = [verdict.value for verdict in (Verdict.UNSAFE, Verdict.SUSPICIOUS, Verdict.INCOMPLETE)]
_WAY_ON = {
    "critical": "Do not load it. Look for the same weights as safetensors or GGUF.",
    "high": "Do not load it. Look for the same weights as safetensors or GGUF.",
    "medium": "A curator should look at what it calls before anybody loads it.",
}


def told_elsewhere(version: ModelVersion | None) -> dict[str, Any]:
    """What others said of the version, no verdict of this yard: another yard, the source."""
    return {
        "brought": papers_with(version) if version else None,
        "said": _said_by_source(version) if version else None,
        "again": waiting_rescan(version) if version else None,
    }


def _said_by_source(version: ModelVersion) -> dict[str, Any] | None:
    """The word of the source's own scanners; a warning of a file that is taken holds."""
    said = read_source_scan(version.facts.get(KEY))
    if said is None:
        return None
    named = version.files.filter(WANTED, path__in=said.levels)
    taken = set(named.values_list("path", flat=True))
    rows = [
        {
            "path": path,
            "word": word or "named without a word",
            "severity": severity_of(word) if path in said.warnings else "",
            "taken": path in taken,
        }
        for path, word in said.levels.items()
    ]
    rows.sort(key=lambda row: (not row["severity"], not row["taken"], row["path"]))
    return {
        "title": source_title(version.model.source),
        "is_done": said.is_done,
        "is_whole": said.is_whole,
        "against": said.against,
        "rows": rows[:_MOST_ROWS],
        "more": max(0, len(rows) - _MOST_ROWS),
    }


def scan_context(caller: Caller, version: ModelVersion | None) -> dict[str, Any]:
    if version is None:
        return {"engines": [], "findings": [], "unread": [], "absent": [], "scanned_at": None}
    files = selectors.paths_by_content(version)
    paths = {sha256: same[0].path for sha256, same in files.items()}
    reports = selectors.newest_reports(paths)
    scans = [scan for rows in reports.values() for scan in rows]
    titles = {cls.slug: cls.title for cls in scanners}
    return {
        "engines": _engines(scans, titles, sum(len(same) for same in files.values())),
        "findings": _findings(scans, titles, paths, Waivers(caller, scans)),
        "unread": [
            {
                "engine": titles.get(scan.scanner, scan.scanner),
                "path": paths[scan.sha256],
                "why": scan.detail,
            }
            for scan in scans
            if scan.verdict == Verdict.INCOMPLETE
        ][:20],
        "absent": absent_engines(),
        **files_context(files, reports),
        "scanned_at": max((scan.scanned_at for scan in scans), default=None),
    }


def _engines(scans: list[Scan], titles: dict[str, str], files: int) -> list[dict[str, Any]]:
    rows = []
    for slug in sorted({scan.scanner for scan in scans}):
        mine = [scan for scan in scans if scan.scanner == slug]
        failed = sum(scan.verdict == Verdict.INCOMPLETE for scan in mine)
        counts = Counter(finding["severity"] for scan in mine for finding in scan.findings)
        rows.append(
            {
                "title": titles.get(slug, slug),
                "engine": max(mine, key=lambda scan: scan.scanned_at).engine,
                "read": len(mine) - failed,
                "skipped": max(0, files - len(mine)),
                "failed": failed,
                "verdict": _worst(mine),
                "counts": {severity: counts.get(severity, 0) for severity in _SEVERITIES},
                "words": _words(counts),
            }
        )
    return rows


def _worst(scans: list[Scan]) -> str:
    found = {scan.verdict for scan in scans}
    return next((verdict for verdict in _VERDICTS if verdict in found), Verdict.CLEAN.value)


def _words(counts: Counter[str]) -> str:
    named = [f"{counts[severity]} {severity}" for severity in _SEVERITIES if counts[severity]]
    return ", ".join(named) or "none"


def _findings(
    scans: list[Scan], titles: dict[str, str], paths: dict[str, str], waivers: Waivers
) -> list[dict[str, Any]]:
    rows = []
    for scan in scans:
        for finding in scan.findings:
            place = f" in {finding['location']}" if finding["location"] else ""
            rows.append(
                {
                    "severity": finding["severity"],
                    "title": rule_of(finding["rule"], [scan.scanner]).title,
                    "path": f"{paths[scan.sha256]}{place}",
                    "engines": titles.get(scan.scanner, scan.scanner),
                    "text": finding["message"],
                    "evidence": finding["evidence"],
                    "way_on": _WAY_ON.get(finding["severity"], ""),
                    **waivers.beside(scan, finding),
                }
            )
    rows.sort(key=lambda row: _SEVERITIES.index(row["severity"]))
    for number, row in enumerate(rows, start=1):
        row["ref"] = f"finding-{number}"
    return rows[:200]
