"""A report less what was accepted of it: the verdict that is left, and the waivers it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from registry.enums import ScanVerdict
from scanning.models import FindingWaiver, Scan
from scanning.policy import Said, counts, covers, lift
from scanning.scanners import Coverage, Scanner, Severity, Verdict

_ORDER = tuple(Severity)
_NOT_ALL = "what was found is accepted, and the rest was not looked at"


@dataclass(frozen=True, slots=True)
class Told:
    """What counts of a report; `used` are the waivers that keep findings from counting."""

    verdict: Verdict
    words: str
    used: tuple[FindingWaiver, ...] = ()


def told_by(scan: Scan, scanner: type[Scanner] | Scanner, waivers: Sequence[FindingWaiver]) -> Told:
    """Take a report with the waivers in force for its content."""
    accepted = {one.rule: Severity(one.severity) for one in waivers}
    findings = [(one["rule"], Severity(one["severity"]), one["message"]) for one in scan.findings]
    is_whole = scan.coverage == Coverage.FULL and scan.verdict != ScanVerdict.INCOMPLETE
    said = Said(
        verdict=Verdict(scan.verdict),
        findings=tuple((rule, severity) for rule, severity, _ in findings),
        is_whole=is_whole,
        tells_all=scanner.tells_all,
    )
    hit = {rule for rule, severity, _ in findings if covers(accepted, rule, severity)}
    hit &= {rule for rule, severity, _ in findings if counts(severity)}
    left = [one for one in findings if not covers(accepted, one[0], one[1])]
    worst = max(left, key=lambda one: _ORDER.index(one[1]), default=None)
    words = str(worst[2]) if worst else scan.detail or (_NOT_ALL if hit else "")
    used = tuple(one for one in waivers if one.rule in hit)
    return Told(lift(said, accepted), words, used)
