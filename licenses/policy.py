"""Decide the gate `license` from a finding and the classes that a tier allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from licenses.detection.classes import LicenseClass
from licenses.detection.finding import LicenseFinding

KNOWN_CLASSES = frozenset(set(LicenseClass) - {LicenseClass.UNKNOWN})
Outcome = Literal["passed", "failed", "unknown"]


@dataclass(frozen=True)
class LicenseAnswer:
    """What the gate says, with the sentences shown to people."""

    outcome: Outcome
    reasons: tuple[str, ...]


def answer(finding: LicenseFinding, allowed: frozenset[str] = KNOWN_CLASSES) -> LicenseAnswer:
    """Answer the gate. Unknown, conflicting and unreviewed papers never pass, whatever is allowed.

    Without `allowed` the question is only whether the papers are clear.
    """
    if finding.conflicts:
        return LicenseAnswer("unknown", (*finding.conflicts, *finding.reasons))
    if finding.license_class is LicenseClass.UNKNOWN:
        return LicenseAnswer("unknown", finding.reasons)
    if finding.license_class not in allowed:
        names = ", ".join(sorted(allowed)) or "none"
        refusal = f"{finding.spdx} is {finding.license_class}; this tier allows only: {names}."
        return LicenseAnswer("failed", (refusal, *finding.reasons))
    if finding.needs_review:
        asked = "A person has to read the license before it can pass."
        return LicenseAnswer("unknown", (asked, *finding.reasons))
    return LicenseAnswer("passed", finding.reasons)
