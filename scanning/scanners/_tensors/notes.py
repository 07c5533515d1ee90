"""What an examination found, and what it could not look at."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import BinaryIO

from scanning.scanners._kept import Kept
from scanning.scanners.base import Finding, Report, Rule, Severity, conclude

MAX_NOTES = 500
_EVIDENCE = 200
POLYGLOT = {
    "polyglot": Rule(
        "A file is two things at once", "https://cwe.mitre.org/data/definitions/434.html"
    )
}


@dataclass(slots=True)
class Notes:
    """Findings and gaps about one file or member, each kind of evidence once."""

    location: str = ""
    findings: Kept = field(default_factory=Kept)
    gaps: list[str] = field(default_factory=list)

    def add(self, rule: str, severity: Severity, message: str, evidence: str = "") -> None:
        if self.findings.wants(severity, (rule, evidence)):
            finding = Finding(rule, severity, message, evidence[:_EVIDENCE], self.location)
            self.findings.add(finding, (rule, evidence))

    def extend(self, findings: Iterable[Finding]) -> None:
        self.findings.is_cut |= bool(getattr(findings, "is_cut", False))
        for finding in findings:
            self.findings.add(finding, (finding.rule, finding.evidence))

    def merge(self, other: Notes) -> None:
        self.extend(other.findings)
        self.gaps += other.gaps

    def gap(self, reason: str) -> None:
        if len(self.gaps) < MAX_NOTES:
            self.gaps.append(f"{self.location}: {reason}" if self.location else reason)

    def report(self, size: int) -> Report:
        covered = None if self.gaps else size
        return conclude(self.findings, self.gaps, covered_bytes=covered)


def note_zip_behind(stream: BinaryIO, notes: Notes) -> None:
    """Readers of zip archives start at the end of a file, whatever it begins with."""
    stream.seek(0)
    if zipfile.is_zipfile(stream):
        message = "is a zip archive too, for readers that start at the end"
        notes.add("polyglot", Severity.MEDIUM, message, "zip directory at the end")
