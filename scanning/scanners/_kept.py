"""Findings in bounded memory: however many come before, a worse one is never left out."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator

from scanning.scanners.base import MAX_FINDINGS, Finding, Severity


class Kept:
    """Of each severity the first ones, as many as a report names; each `key` once."""

    def __init__(self) -> None:
        self._of: dict[Severity, dict[Hashable, Finding]] = {one: {} for one in Severity}
        self.is_cut = False

    def wants(self, severity: Severity, key: Hashable) -> bool:
        """Whether one like this is neither known nor too many: asked before it is made."""
        own = self._of[severity]
        is_full = key not in own and len(own) >= MAX_FINDINGS
        self.is_cut |= is_full
        return key not in own and not is_full

    def add(self, finding: Finding, key: Hashable = None) -> None:
        key = finding if key is None else key
        if self.wants(finding.severity, key):
            self._of[finding.severity][key] = finding

    def extend(self, findings: Iterable[Finding]) -> None:
        self.is_cut |= bool(getattr(findings, "is_cut", False))
        for finding in findings:
            self.add(finding)

    def __iter__(self) -> Iterator[Finding]:
        for own in reversed(self._of.values()):
            yield from own.values()

    def __len__(self) -> int:
        return sum(map(len, self._of.values()))
