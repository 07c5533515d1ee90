"""Fold what engines said of a version, less what was accepted, into its malware gate's answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from django.db import transaction

from core.plain_values import plain_text, plain_values
from registry.enums import Gate, GateOutcome, ScanVerdict
from registry.models import WANTED, GateResult, Model, ModelVersion
from registry.services.gates import record_gate, record_scan_verdict
from scanning.models import FindingWaiver
from scanning.policy import FOUND, FileScan, Fold, fold
from scanning.scanners import Verdict
from scanning.selectors import waivers_in_force
from scanning.services.lifted import Told, told_by
from scanning.services.looks import Key, Look, looks_known, reports_on
from scanning.services.twins import Found
from scanning.services.warned import objection_of_source

_OUTCOMES = {
    Verdict.CLEAN: GateOutcome.PASSED,
    Verdict.SUSPICIOUS: GateOutcome.FAILED,
    Verdict.UNSAFE: GateOutcome.FAILED,
    Verdict.INCOMPLETE: GateOutcome.UNKNOWN,
}
_MOST = 50  # reasons and waivers that evidence names


@dataclass(frozen=True, slots=True)
class Answer:
    """What the malware gate of a version says, before it is written."""

    folded: Fold
    outcome: GateOutcome
    reason: str
    evidence: dict[str, Any]

    def is_that_of(self, version: ModelVersion, gate: GateResult) -> bool:
        said = (version.scan_verdict, gate.outcome, gate.reason, gate.evidence)
        return said == (self.folded.verdict, self.outcome, self.reason, self.evidence)


@transaction.atomic
def answer_gate(version: ModelVersion, looks: Sequence[Look]) -> Fold:
    """Fold the reports of today's engines over all files and record the gate's answer.

    The model is held meanwhile, as by whoever ends a waiver: none of both misses the other.
    """
    Model.objects.select_for_update().get(pk=version.model_id)
    answer = _answer(version, looks)
    _record(version, answer)
    return answer.folded


def answer_again(version: ModelVersion) -> bool:
    """Answer from the newest reports with the waivers in force now; say whether that changed it.

    The caller holds the model. A version that no scan has answered for is left to its scan.
    """
    gate = version.gates.filter(gate=Gate.MALWARE).first()
    slugs = scanned_by(gate)
    if gate is None or not slugs:
        return False
    answer = _answer(version, looks_known(version, slugs))
    if answer.is_that_of(version, gate):
        return False
    _record(version, answer)
    return True


def scanned_by(gate: GateResult | None) -> list[str]:
    """The engines whose scan of all files the answer rests on; none where there was no scan."""
    return list(gate.evidence.get("scanned_by", ())) if gate else []


def _record(version: ModelVersion, answer: Answer) -> None:
    record_gate(
        version=version,
        gate=Gate.MALWARE,
        outcome=answer.outcome,
        reason=answer.reason,
        evidence=answer.evidence,
    )
    record_scan_verdict(version=version, verdict=ScanVerdict(answer.folded.verdict.value))


def _answer(version: ModelVersion, looks: Sequence[Look]) -> Answer:
    told = _told(looks)
    folded = fold(_file_scans(version, looks, told))
    accepted = _accepted(looks, told)
    asked = [look for look in looks if look.is_asked]
    slugs = sorted({look.scanner.slug for look in asked})
    files = version.files.filter(WANTED).count()
    outcome = _OUTCOMES[folded.verdict]
    reason = _sentence(folded, accepted, f"{len(slugs)} engines, all {files} files read.")
    objection = objection_of_source(version)
    if objection and outcome != GateOutcome.FAILED:
        outcome, reason = GateOutcome.FAILED, f"{objection} Our own scan: {reason}"
    evidence = {
        "source": objection,
        "verdict": folded.verdict.value,
        "engines": sorted({f"{look.scanner.slug} {look.engine}" for look in asked}),
        "scanned_by": slugs,
        "files": files,
        "reasons": list(folded.reasons[:_MOST]),
        "waivers": accepted[:_MOST],
    }
    return Answer(folded, outcome, plain_text(reason), plain_values(evidence))


def _told(looks: Sequence[Look]) -> dict[Key, Told]:
    """What each engine says that has reported, less what is accepted now."""
    reports = reports_on(looks)
    waivers = waivers_in_force(key[0] for key in reports)
    return {
        look.key: told_by(reports[look.key], look.scanner, waivers.get(look.sha256, ()))
        for look in looks
        if look.key in reports
    }


def _accepted(looks: Sequence[Look], told: Mapping[Key, Told]) -> list[dict[str, Any]]:
    """The waivers that the answer rests on, each with a path of its content."""
    used: dict[int, dict[str, Any]] = {}
    for look in looks:
        for waiver in told[look.key].used if look.key in told else ():
            used.setdefault(waiver.pk, _named(waiver, look.name))
    return [used[pk] for pk in sorted(used)]


def _named(waiver: FindingWaiver, path: str) -> dict[str, Any]:
    return {
        "waiver": waiver.pk,
        "sha256": waiver.sha256,
        "path": path,
        "rule": waiver.rule,
        "severity": waiver.severity,
        "reason": waiver.reason,
        "granted_by": waiver.granted_by.get_username(),
        "granted_at": waiver.granted_at.isoformat(),
        "expires_at": waiver.expires_at.isoformat(),
    }


def findings_to_tell(looks: Sequence[Look]) -> Iterator[Found]:
    """What other versions with the same contents have to be told; not what is accepted."""
    reports = reports_on(looks)
    told = _told(looks)
    for look in looks:
        if look.key in told and told[look.key].verdict in FOUND:
            yield Found(look.scanner, look.variant, reports[look.key])


def _file_scans(
    version: ModelVersion, looks: Sequence[Look], told: Mapping[Key, Told]
) -> Iterator[FileScan]:
    by_content: dict[str, list[Look]] = defaultdict(list)
    for look in looks:
        by_content[look.sha256].append(look)
    for file in version.files.filter(WANTED):
        path = PurePosixPath(file.path)
        mine = [
            look
            for look in by_content.get(file.sha256, [])
            if look.variant == look.scanner.variant(path)
        ]
        said = {look.scanner.slug: told[look.key] for look in mine if look.key in told}
        asked = [look.scanner for look in mine if look.is_asked]
        yield FileScan(
            path=file.path,
            expected=frozenset(one.slug for one in asked),
            understanding=frozenset(one.slug for one in asked if one.understands_formats),
            verdicts={slug: one.verdict for slug, one in said.items()},
            words={slug: one.words for slug, one in said.items()},
        )


def _sentence(folded: Fold, accepted: Sequence[Mapping[str, Any]], read: str) -> str:
    """Say in one line what a person must know: the worst finding and where it is."""
    if folded.verdict == Verdict.CLEAN:
        return f"Clean{_but_for(accepted)}. {read}"
    first = folded.reasons[0] if folded.reasons else ""
    more = f" and {len(folded.reasons) - 1} more" if len(folded.reasons) > 1 else ""
    return f"{folded.verdict.capitalize()}: {first}{more}."


def _but_for(accepted: Sequence[Mapping[str, Any]]) -> str:
    """Name what is accepted without naming people: this sentence leaves the yard in bundles."""
    if not accepted:
        return ""
    first = min(accepted, key=lambda one: str(one["expires_at"]))
    more = f" and {len(accepted) - 1} more" if len(accepted) > 1 else ""
    until = str(first["expires_at"])[:10]
    return f" but for {first['rule']} in {first['path']}{more}, accepted until {until}"
