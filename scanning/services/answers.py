"""Fold what engines said of a version, less what was accepted, into its malware gate's answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from django.db import transaction
from django.utils import timezone

from core.plain_values import plain_text, plain_values
from registry.enums import Gate, GateOutcome, ScanVerdict
from registry.models import SERVED, WANTED, GateResult, Model, ModelFile, ModelVersion
from registry.services.gates import record_gate, record_scan_verdict
from scanning.models import FindingWaiver, VersionScan
from scanning.policy import FOUND, FileScan, Fold, fold, fold_file
from scanning.scanners import Verdict
from scanning.selectors import waivers_in_force
from scanning.services.engines import Named
from scanning.services.held import hold, spare_files, with_held
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
    held: dict[str, str]
    folds: dict[str, Fold]  # of each file, those held back too

    def is_that_of(self, version: ModelVersion, gate: GateResult) -> bool:
        said = (version.scan_verdict, gate.outcome, gate.reason, gate.evidence)
        return said == (self.folded.verdict, self.outcome, self.reason, self.evidence)


def fold_of(version: ModelVersion, looks: Sequence[Look]) -> Fold:
    """What `answer_gate` would answer now; nothing is written.

    Incomplete also where a file that is served would be held back for want of an answer.
    """
    answer = _answer(version, looks)
    new = version.files.filter(SERVED, path__in=answer.held).values_list("path", flat=True)
    unread = [path for path in new if answer.folds[path].verdict is Verdict.INCOMPLETE]
    if unread and answer.folded.verdict is Verdict.CLEAN:
        return Fold(Verdict.INCOMPLETE, answer.folds[unread[0]].reasons)
    return answer.folded


@transaction.atomic
def answer_gate(version: ModelVersion, looks: Sequence[Look], *, by: Named) -> Fold:
    """Fold the reports of today's engines over all files and record the gate's answer.

    `by` names those engines: the version is not due again before there are others. A file that is
    not clean and that nobody misses is held back; the answer is about the others. The model
    is held meanwhile, as by whoever ends a waiver: none of both misses the other.
    """
    Model.objects.select_for_update().get(pk=version.model_id)
    answer = _answer(version, looks)
    _record(version, answer)
    VersionScan.objects.update_or_create(
        version=version,
        defaults={"rules": by.rules, "signatures": by.signatures, "at": timezone.now()},
    )
    return answer.folded


def answer_again(version: ModelVersion) -> bool:
    """Answer from the newest reports with the waivers in force now; say whether that changed it.

    The caller holds the model. A version that no scan has answered for is left to its scan.
    """
    gate = version.gates.filter(gate=Gate.MALWARE).first()
    slugs = scanned_by(gate)
    if gate is None or not slugs:
        return False
    engines = frozenset(gate.evidence.get("engines", ()))
    answer = _answer(version, looks_known(version, slugs, engines))
    if answer.is_that_of(version, gate):
        return False
    _record(version, answer)
    return True


def scanned_by(gate: GateResult | None) -> list[str]:
    """The engines whose scan of all files the answer rests on; none where there was no scan."""
    return list(gate.evidence.get("scanned_by", ())) if gate else []


def _record(version: ModelVersion, answer: Answer) -> None:
    hold(version, answer.held)
    record_gate(
        version=version,
        gate=Gate.MALWARE,
        outcome=answer.outcome,
        reason=answer.reason,
        evidence=answer.evidence,
    )
    record_scan_verdict(version=version, verdict=ScanVerdict(answer.folded.verdict.value))


def _answer(version: ModelVersion, looks: Sequence[Look]) -> Answer:
    told = told_now(looks)
    files = list(version.files.filter(WANTED))
    scans = list(_file_scans(files, looks, told))
    folds = {scan.path: fold_file(scan) for scan in scans}
    held = spare_files(version, folds)
    served = [scan for scan in scans if scan.path not in held]
    folded = fold(served)
    accepted = _accepted(looks, told, [file for file in files if file.path not in held])
    asked = [look for look in looks if look.is_asked]
    slugs = sorted({look.scanner.slug for look in asked})
    outcome = _OUTCOMES[folded.verdict]
    reason = _sentence(folded, accepted, f"{len(slugs)} engines, all {len(served)} files read.")
    objection = objection_of_source(version, held=held)
    if objection and outcome != GateOutcome.FAILED:
        outcome, reason = GateOutcome.FAILED, f"{objection} Our own scan: {reason}"
    evidence = {
        "said": reason,
        "held_back": held,
        "source": objection,
        "verdict": folded.verdict.value,
        "engines": sorted({f"{look.scanner.slug} {look.engine}" for look in asked}),
        "scanned_by": slugs,
        "files": len(served),
        "reasons": list(folded.reasons[:_MOST]),
        "waivers": accepted[:_MOST],
    }
    said = plain_text(with_held(reason, held))
    return Answer(folded, outcome, said, plain_values(evidence), held, folds)


def told_now(looks: Sequence[Look]) -> dict[Key, Told]:
    """What each engine says that has reported, less what is accepted now."""
    reports = reports_on(looks)
    waivers = waivers_in_force(key[0] for key in reports)
    return {
        look.key: told_by(reports[look.key], look.scanner, waivers.get(look.sha256, ()))
        for look in looks
        if look.key in reports
    }


def _accepted(
    looks: Sequence[Look], told: Mapping[Key, Told], served: Iterable[ModelFile]
) -> list[dict[str, Any]]:
    """The waivers that the answer rests on, each with a served path of its content."""
    paths = {file.sha256: file.path for file in served}
    used: dict[int, dict[str, Any]] = {}
    for look in looks:
        if look.key in told and look.sha256 in paths:
            for waiver in told[look.key].used:
                used.setdefault(waiver.pk, _named(waiver, paths[look.sha256]))
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
    told = told_now(looks)
    for look in looks:
        if look.key in told and told[look.key].verdict in FOUND:
            yield Found(look.scanner, look.variant, reports[look.key])


def _file_scans(
    files: Iterable[ModelFile], looks: Sequence[Look], told: Mapping[Key, Told]
) -> Iterator[FileScan]:
    by_content: dict[str, list[Look]] = defaultdict(list)
    for look in looks:
        by_content[look.sha256].append(look)
    for file in files:
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
