"""What our engines found, as SARIF 2.1.0, which other tools read (docs.oasis-open.org/sarif)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from registry.models import ModelVersion
from scanning.models import FindingWaiver, Scan
from scanning.scanners import Rule, Scanner, scanners
from scanning.scanners.base import Severity, Verdict
from scanning.selectors import covering, paths_by_content, reports_of, waivers_in_force

VERSION: Final = "2.1.0"
SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"
_LEVELS: Final = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}


@dataclass(frozen=True, slots=True)
class LookedAt:
    """A file as one engine answered about it; `findings` are those of a report's JSON.

    `waivers` are those in force for its content; None where nobody knows of waivers.
    """

    path: str
    size: int
    verdict: str
    detail: str
    findings: Sequence[Mapping[str, str]]
    sha256: str = ""
    waivers: Sequence[FindingWaiver] | None = None


@dataclass(frozen=True, slots=True)
class EngineRun:
    """One engine over some files; `problem` when it could not look at all."""

    slug: str
    version: str
    ended_at: datetime
    files: Sequence[LookedAt] = field(default_factory=list)
    problem: str = ""


def sarif_of(version: ModelVersion) -> dict[str, Any]:
    """Write the newest report of each engine over the stored files: one run for each engine."""
    by_engine: dict[tuple[str, str], list[Scan]] = defaultdict(list)
    for scans in reports_of(version).values():
        for scan in scans:
            by_engine[scan.scanner, scan.engine].append(scan)
    files = paths_by_content(version)
    waivers = waivers_in_force(files)
    runs = []
    for (slug, engine), scans in sorted(by_engine.items()):
        scans.sort(key=lambda scan: (files[scan.sha256][0].path, scan.variant))
        looked = [
            LookedAt(
                file.path,
                file.size,
                scan.verdict,
                scan.detail,
                scan.findings,
                file.sha256,
                waivers.get(file.sha256, ()),
            )
            for scan in scans
            for file in files[scan.sha256]
        ]
        ended = max(scan.scanned_at for scan in scans)
        runs.append(EngineRun(slug, engine, ended, looked))
    return sarif_log(runs)


def sarif_log(runs: Sequence[EngineRun]) -> dict[str, Any]:
    """Write a SARIF log: what an engine could not look at is a notification, never silence."""
    return {"$schema": SCHEMA, "version": VERSION, "runs": [_run(run) for run in runs]}


def _run(run: EngineRun) -> dict[str, Any]:
    results = [_result(finding, file) for file in run.files for finding in file.findings]
    gaps = [_gap(file) for file in run.files if file.verdict == Verdict.INCOMPLETE or file.detail]
    if run.problem:
        gaps.append({"level": "error", "message": {"text": run.problem}})
    artifacts = {file.path: _artifact(file) for file in run.files}
    driver: dict[str, Any] = {
        "name": _title(run.slug),
        "rules": _rules(run.slug, {result["ruleId"] for result in results}),
    }
    if run.version:
        driver["version"] = run.version
    return {
        "tool": {"driver": driver},
        "invocations": [
            {
                "executionSuccessful": not gaps,
                "endTimeUtc": run.ended_at.strftime(_TIME),
                "toolExecutionNotifications": gaps,
            }
        ],
        "artifacts": list(artifacts.values()),
        "results": results,
        "columnKind": "unicodeCodePoints",
    }


def _class_of(slug: str) -> type[Scanner] | None:
    return next((scanner for scanner in scanners if scanner.slug == slug), None)


def _title(slug: str) -> str:
    known = _class_of(slug)
    return known.title if known else slug


def _rules(slug: str, named: set[str]) -> list[dict[str, Any]]:
    known = _class_of(slug)
    rules: Mapping[str, Rule] = known.rules if known else {}
    return [_rule(name, rules.get(name)) for name in sorted(named)]


def _rule(name: str, rule: Rule | None) -> dict[str, Any]:
    described: dict[str, Any] = {"id": name}
    if rule is not None:
        described["shortDescription"] = {"text": rule.title}
        if rule.reference:
            described["helpUri"] = rule.reference
    return described


def _artifact(file: LookedAt) -> dict[str, Any]:
    artifact: dict[str, Any] = {"location": {"uri": quote(file.path)}, "length": file.size}
    if file.sha256:
        artifact["hashes"] = {"sha-256": file.sha256}
    return artifact


def _result(finding: Mapping[str, str], file: LookedAt) -> dict[str, Any]:
    place: dict[str, Any] = {"physicalLocation": {"artifactLocation": {"uri": quote(file.path)}}}
    if inside := finding.get("location"):
        place["logicalLocations"] = [{"fullyQualifiedName": inside, "kind": "member"}]
    result = {
        "ruleId": finding["rule"],
        "level": _LEVELS[Severity(finding["severity"])],
        "message": {"text": finding["message"]},
        "locations": [place],
        "properties": {"severity": finding["severity"], "evidence": finding["evidence"]},
    }
    if file.waivers is not None:  # all results of a run have the list, or none (SARIF 3.27.23)
        waiver = covering(file.waivers, finding)
        result["suppressions"] = [_suppression(waiver)] if waiver else []
    return result


def _suppression(waiver: FindingWaiver) -> dict[str, Any]:
    """What a waiver is in SARIF. Names of people stay in the yard."""
    return {
        "kind": "external",
        "status": "accepted",
        "justification": waiver.reason,
        "properties": {
            "grantedAt": waiver.granted_at.strftime(_TIME),
            "expiresAt": waiver.expires_at.strftime(_TIME),
        },
    }


def _gap(file: LookedAt) -> dict[str, Any]:
    """Say what an engine could not look at: never to be read as clean."""
    return {
        "level": "error",
        "message": {"text": file.detail or "The file was not looked at completely."},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": quote(file.path)}}}],
    }
