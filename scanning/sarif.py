"""What our engines found, as SARIF 2.1.0, which other tools read (docs.oasis-open.org/sarif)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from registry.models import ModelFile, ModelVersion
from scanning.models import Scan
from scanning.scanners import scanners
from scanning.scanners.base import Severity, Verdict
from scanning.selectors import paths_by_content, reports_of

VERSION: Final = "2.1.0"
SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Final = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}


def sarif_of(version: ModelVersion) -> dict[str, Any]:
    """Write the newest report of each engine over the stored files: one run for each engine."""
    by_engine: dict[tuple[str, str], list[Scan]] = defaultdict(list)
    for scans in reports_of(version).values():
        for scan in scans:
            by_engine[scan.scanner, scan.engine].append(scan)
    files = paths_by_content(version)
    runs = [_run(slug, engine, scans, files) for (slug, engine), scans in sorted(by_engine.items())]
    return {"$schema": SCHEMA, "version": VERSION, "runs": runs}


def _run(
    slug: str, engine: str, scans: Iterable[Scan], files: Mapping[str, Sequence[ModelFile]]
) -> dict[str, Any]:
    looked = sorted(scans, key=lambda scan: (files[scan.sha256][0].path, scan.variant))
    gaps = [scan for scan in looked if scan.verdict == Verdict.INCOMPLETE]
    results = [
        _result(finding, file)
        for scan in looked
        for file in files[scan.sha256]
        for finding in scan.findings
    ]
    rules = sorted({result["ruleId"] for result in results})
    return {
        "tool": {
            "driver": {
                "name": _title(slug),
                "version": engine,
                "rules": [{"id": rule} for rule in rules],
            }
        },
        "invocations": [
            {
                "executionSuccessful": not gaps,
                "endTimeUtc": _utc(looked),
                "toolExecutionNotifications": [_gap(scan, files[scan.sha256][0]) for scan in gaps],
            }
        ],
        "artifacts": [
            {
                "location": {"uri": quote(file.path)},
                "length": file.size,
                "hashes": {"sha-256": file.sha256},
            }
            for sha256 in dict.fromkeys(scan.sha256 for scan in looked)
            for file in files[sha256]
        ],
        "results": results,
        "columnKind": "unicodeCodePoints",
    }


def _title(slug: str) -> str:
    return next((scanner.title for scanner in scanners if scanner.slug == slug), slug)


def _utc(scans: Sequence[Scan]) -> str:
    newest = max(scan.scanned_at for scan in scans)
    return newest.strftime("%Y-%m-%dT%H:%M:%SZ")


def _result(finding: Mapping[str, str], file: ModelFile) -> dict[str, Any]:
    place: dict[str, Any] = {"physicalLocation": {"artifactLocation": {"uri": quote(file.path)}}}
    if inside := finding.get("location"):
        place["logicalLocations"] = [{"fullyQualifiedName": inside, "kind": "member"}]
    return {
        "ruleId": finding["rule"],
        "level": _LEVELS[Severity(finding["severity"])],
        "message": {"text": finding["message"]},
        "locations": [place],
        "properties": {"severity": finding["severity"], "evidence": finding["evidence"]},
    }


def _gap(scan: Scan, file: ModelFile) -> dict[str, Any]:
    """Say what an engine could not look at: never to be read as clean."""
    return {
        "level": "error",
        "message": {"text": scan.detail or "The file was not looked at completely."},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": quote(file.path)}}}],
    }
