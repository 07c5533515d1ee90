"""Each file of a version with what the engines said of it: verdict, coverage, findings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.selectors.scans import waiver_shown
from catalog.selectors.versions import check_limit
from core.pages import Order, Page, page_of, read_text
from registry.models import ModelFile, ModelVersion
from scanning.models import FindingWaiver, Scan
from scanning.policy import NO_ENGINE, FileScan, Fold, fold_file
from scanning.scanners import Severity, Verdict, scanners
from scanning.selectors import (
    NOT_COVERED,
    covering,
    reports_by_file,
    rule_of,
    scanned_files,
    waivers_in_force,
)
from scanning.services.lifted import told_by

MAX_FILES = 1000
_BY_PATH = Order(column="path", descending=False, read=read_text)
_ORDER = [severity.value for severity in reversed(Severity)]


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """One word for a file, and the word of each engine that reported; less what is accepted."""

    verdict: Verdict
    by_engine: Mapping[str, Verdict]


def file_verdicts(files: Sequence[ModelFile]) -> dict[str, FileVerdict]:
    """What is to be told of these files of one version, by path; two queries for all of them."""
    waivers = waivers_in_force(file.sha256 for file in files)
    found = {}
    for file, scans in reports_by_file(files):
        mine = waivers.get(file.sha256, ())
        verdicts = _verdicts(scans, mine)
        found[file.path] = FileVerdict(_fold(file, verdicts).verdict, verdicts)
    return found


def page_of_scanned(version: ModelVersion, *, cursor: str, limit: int) -> Page:
    """A page of files, each with its scan as REST tells it."""
    check_limit(limit, MAX_FILES)
    page: Page = page_of(scanned_files(version), order=_BY_PATH, cursor=cursor, limit=limit)
    files: Sequence[ModelFile] = page.rows
    waivers = waivers_in_force(file.sha256 for file in files)
    page.rows[:] = [
        _scanned(file, scans, waivers.get(file.sha256, ()))
        for file, scans in reports_by_file(files)
    ]
    return page


def _scanned(
    file: ModelFile, scans: Sequence[Scan], waivers: Sequence[FindingWaiver]
) -> dict[str, Any]:
    folded = _fold(file, _verdicts(scans, waivers))
    found = (one for scan in scans for one in _findings(file, scan, waivers))
    return {
        "path": file.path,
        "size_bytes": file.size,
        "sha256": file.sha256,
        "verdict": folded.verdict.value,
        "held_back": file.held_back or None,
        "coverage": {scan.scanner: scan.coverage for scan in scans},
        "engines": {scan.scanner: scan.engine for scan in scans},
        "consensus": {scan.scanner: scan.verdict for scan in scans},
        "findings": sorted(
            [*found, *_unknown(file, folded)],
            key=lambda one: _ORDER.index(one["severity"]),
        ),
    }


def _verdicts(scans: Sequence[Scan], waivers: Sequence[FindingWaiver]) -> dict[str, Verdict]:
    known = {cls.slug: cls for cls in scanners}
    return {
        scan.scanner: told_by(scan, known[scan.scanner], waivers).verdict
        if scan.scanner in known
        else Verdict(scan.verdict)
        for scan in scans
    }


def _fold(file: ModelFile, verdicts: Mapping[str, Verdict]) -> Fold:
    """The fold of all answers; what no engine understands is incomplete."""
    knowing = (cls.slug for cls in scanners if cls.slug in verdicts and cls.understands_formats)
    return fold_file(FileScan(file.path, frozenset(verdicts), frozenset(knowing), verdicts))


def _findings(
    file: ModelFile, scan: Scan, waivers: Sequence[FindingWaiver]
) -> Iterator[dict[str, Any]]:
    for one in scan.findings:
        rule = rule_of(scan.scanner, str(one["rule"]))
        yield {
            "rule": one["rule"],
            "title": rule.title,
            "severity": one["severity"],
            "description": one["message"],
            "source": scan.scanner,
            "file": file.path,
            "location": one["location"] or None,
            "evidence": one["evidence"] or None,
            "reference": rule.reference or None,
            "waiver": waiver_shown(covering(waivers, one)),
        }
    if scan.detail or scan.verdict == Verdict.INCOMPLETE:
        yield _gap(file, scan.scanner, scan.detail or NOT_COVERED)


def _unknown(file: ModelFile, folded: Fold) -> Iterator[dict[str, Any]]:
    """What no engine answers for is told like what one could not read."""
    for reason in folded.reasons:
        if reason.endswith(NO_ENGINE):
            yield _gap(file, "", NO_ENGINE)


def _gap(file: ModelFile, source: str, words: str) -> dict[str, Any]:
    return {
        "rule": "not_covered",
        "title": NOT_COVERED,
        "severity": Severity.INFO.value,
        "description": words,
        "source": source,
        "file": file.path,
        "location": None,
        "evidence": None,
        "reference": None,
        "waiver": None,
    }
