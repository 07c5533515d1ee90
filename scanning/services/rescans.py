"""Scan published versions again, one after the other, and take out of service what is found.

While a version waits, the answer of the engines before stays its answer. What an engine finds
counts at once, whatever the others say. What could not be looked at is tried again, and held in
the end. An engine that does not flag its canary says nothing of any version: it is waited for.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NamedTuple

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from core.errors import (
    CancelledError,
    LeaseLostError,
    ModelyardError,
    RescanWaitsError,
    ScanFailedError,
)
from core.jobs import waits_in
from core.plain_values import plain_text
from registry import audit
from registry.enums import Admission, Gate, GateOutcome, ScanVerdict
from registry.models import Content, Model, ModelVersion
from registry.services.gates import decide, record_gate, record_scan_verdict
from scanning.models import EngineSet, Rescan, Scan
from scanning.scanners import Scanner, Verdict
from scanning.services.answers import answer_gate, fold_of
from scanning.services.engines import Named, engines, named
from scanning.services.looks import Look, looks_at
from scanning.services.proving import broken_among, broken_here
from scanning.services.published import due
from scanning.services.rounds import Progress, look, tell_others

log = structlog.get_logger(__name__)
MOST_TRIES: Final = 5  # over about seven hours
_FIRST_WAIT: Final = timedelta(minutes=5)
_FIRST: Final = "scanning"  # the queue that goes first
_OFFERED: Final = (Admission.ADMITTED, Admission.HELD)


@dataclass(slots=True)
class Tally:
    """What a run did so far."""

    versions: int = 0
    held: int = 0
    put_off: int = 0

    def to_json(self) -> dict[str, int]:
        return {"versions": self.versions, "held": self.held, "put_off": self.put_off}


class Before(NamedTuple):
    """What a version was before its answer, as far as a decision rests on it."""

    admission: str
    verdict: str
    outcome: str
    held_back: tuple[str, ...]


def scan_due(tally: Tally, *, report: Progress) -> None:
    """Scan what is due until nothing is, most downloaded first; imports that wait go first.

    Each version is settled in a transaction of its own and then leaves the queue: a worker that
    dies is followed by one that begins with the version it died on. Names are not told: who
    follows the run may not know of every model.
    """
    total = tally.versions + due().count()
    while (row := due().select_related("version__model").first()) is not None:
        tell = _inside(report, tally.versions, max(total, tally.versions + 1), row)
        tell(0, 0, "")
        began = time.monotonic()
        size = _scan(row, tally, report=tell)
        tally.versions += 1
        _rest(size, time.monotonic() - began, tell)


def _inside(report: Progress, done: int, total: int, row: Rescan) -> Progress:
    """Tell where the run is, and make way, at each version and each batch of its files."""

    def tell(_done: int, _of: int, _words: str) -> None:
        _make_way()
        report(done, total, row.version.commit[:12])

    return tell


def _make_way() -> None:
    """Raise while an import waits to be scanned."""
    if waits_in(_FIRST):
        raise RescanWaitsError("Imports are scanned first.", retry_after=2)


def _rest(size: int, took: float, tell: Progress) -> None:
    """Wait until what was read is within the rate; an import ends the wait."""
    if not settings.RESCAN_RATE:
        return
    until = time.monotonic() + size / settings.RESCAN_RATE - took
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(left, 1.0))
        tell(0, 0, "")


def _scan(row: Rescan, tally: Tally, *, report: Progress) -> int:
    """Scan one version and leave it settled or put off; give how many bytes were looked at."""
    if row.version.admission not in _OFFERED:  # its own run scans it, or nobody has to
        row.delete()
        return 0
    present, by = _present()
    worn_out = row.tries >= MOST_TRIES
    _count_try(row, +1)  # before it: one that takes its worker down is not tried for ever
    try:
        looks = list(looks_at(row.version, present))
        seen = [] if worn_out else look(row.version, looks, report=report)
    except (CancelledError, LeaseLostError):
        _count_try(row, -1)
        raise
    except ModelyardError as error:
        if error.waits:
            _count_try(row, -1)
            raise
        _could_not(row, error.message, tally)
        return 0
    _conclude(row, looks, present, by, tally)
    _forget_older(seen)
    return _size_of(seen)


def _present() -> tuple[list[Scanner], Named]:
    try:
        present = engines()
        if broken := broken_here():
            raise RescanWaitsError(broken)
        return present, named(present)
    except ScanFailedError as error:
        raise RescanWaitsError(error.message) from error


def _count_try(row: Rescan, step: int) -> None:
    row.tries += step
    row.save(update_fields=["tries"])


def _size_of(looks: Sequence[Look]) -> int:
    """Bytes of the contents that were looked at, each once however many engines did."""
    contents = Content.objects.filter(pk__in={one.sha256 for one in looks})
    return contents.aggregate(size=Sum("size"))["size"] or 0


def _conclude(
    row: Rescan, looks: Sequence[Look], present: Sequence[Scanner], by: Named, tally: Tally
) -> None:
    """Take what the engines said, or try again where one could not look at all of it."""
    folded = fold_of(row.version, looks)
    is_unread = folded.verdict is Verdict.INCOMPLETE
    if is_unread and (broken := broken_among(looks)):
        _count_try(row, -1)
        raise RescanWaitsError(broken)
    why = folded.reasons[0] if folded.reasons else ""
    if is_unread and row.version.scan_verdict != Verdict.INCOMPLETE and row.tries < MOST_TRIES:
        _put_off(row, why, tally)
        return
    tally.held += settle(row.version, looks, by=by)
    tell_others(row.version, looks, present, by=by)
    row.version.refresh_from_db(fields=["scan_verdict"])
    if row.version.scan_verdict == Verdict.INCOMPLETE:
        _give_up(row, why)
    else:
        row.delete()


def _forget_older(looks: Sequence[Look]) -> None:
    """Drop what engines said that are neither today's nor those before, where a newer one answered.

    Signatures change several times a day, for each content. Those before stay for imports that
    began with them.
    """
    kept = {name for row in EngineSet.objects.all()[:2] for name in row.engines}
    same: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for one in looks:
        same[one.scanner.slug, one.engine, one.variant].add(one.sha256)
    for (slug, engine, variant), digests in same.items():
        mine = Scan.objects.filter(scanner=slug, variant=variant, sha256__in=digests)
        newest = mine.filter(engine=engine).exclude(verdict=ScanVerdict.INCOMPLETE)
        recent = [engine, *(name.partition(" ")[2] for name in kept if name.startswith(f"{slug} "))]
        mine.exclude(engine__in=recent).filter(sha256__in=newest.values("sha256")).delete()


def _could_not(row: Rescan, why: str, tally: Tally) -> None:
    """Try again later what broke before any engine answered; in the end the version is held."""
    if row.tries < MOST_TRIES:
        _put_off(row, why, tally)
        return
    tally.held += settle_unread(row.version, why)
    _give_up(row, why)


def _put_off(row: Rescan, why: str, tally: Tally) -> None:
    """Wait 5, 20, 80, 320 minutes; the version is offered meanwhile, and its page says so."""
    row.not_before = timezone.now() + _FIRST_WAIT * 4 ** (row.tries - 1)
    row.detail = plain_text(why)[:400]
    row.save(update_fields=["not_before", "detail"])
    tally.put_off += 1
    log.warning("rescan_put_off", version=str(row.version), why=why, tries=row.tries)


def _give_up(row: Rescan, why: str) -> None:
    """Leave it until other engines come: those that are here cannot look at it."""
    row.engines = EngineSet.objects.first() or row.engines
    row.gave_up_at, row.detail = timezone.now(), plain_text(why)[:400]
    row.save(update_fields=["engines", "gave_up_at", "detail"])


@transaction.atomic
def settle(version: ModelVersion, looks: Sequence[Look], *, by: Named) -> bool:
    """Take the answer of today's engines; decide again where it changed. Say if it was lost."""
    locked = _lock(version)
    if locked is None:
        return False
    before = _answer_of(locked)
    answer_gate(locked, looks, by=by)
    return _decide_again(locked, before)


@transaction.atomic
def settle_unread(version: ModelVersion, why: str) -> bool:
    """Answer that the version could not be looked at, and decide."""
    locked = _lock(version)
    if locked is None:
        return False
    before = _answer_of(locked)
    record_gate(
        version=locked,
        gate=Gate.MALWARE,
        outcome=GateOutcome.UNKNOWN,
        reason=f"Incomplete: it could not be scanned again. {why}",
        evidence={"verdict": Verdict.INCOMPLETE.value},
    )
    record_scan_verdict(version=locked, verdict=ScanVerdict.INCOMPLETE)
    return _decide_again(locked, before)


def _lock(version: ModelVersion) -> ModelVersion | None:
    """Take hold of the version as it is now; None where its own run or a curator has it."""
    Model.objects.select_for_update().get(pk=version.model_id)  # first, as everywhere
    held = ModelVersion.objects.select_for_update(of=("self",)).select_related("model")
    return held.filter(pk=version.pk, admission__in=_OFFERED).first()


def _answer_of(version: ModelVersion) -> Before:
    gate = version.gates.filter(gate=Gate.MALWARE).first()
    held = version.files.exclude(held_back="").order_by("path").values_list("path", flat=True)
    outcome = gate.outcome if gate else ""
    return Before(version.admission, version.scan_verdict, outcome, tuple(held))


def _decide_again(version: ModelVersion, before: Before) -> bool:
    """Decide where the answer is another one. Unchanged ones move no list and leave no trace."""
    version.refresh_from_db(fields=["admission", "scan_verdict"])
    if _answer_of(version) == before:
        return False
    version = decide(version=version)
    gate = version.gates.get(gate=Gate.MALWARE)
    audit.record(
        actor="yard",
        action="version.rescan",
        subject_type="version",
        subject=str(version),
        outcome=version.scan_verdict,
        reason=gate.reason,
        details={
            "before": {"admission": before.admission, "verdict": before.verdict},
            "after": {"admission": version.admission, "verdict": version.scan_verdict},
            "found": gate.evidence.get("reasons", [])[:5],
        },
    )
    return before.admission == Admission.ADMITTED and version.admission == Admission.HELD
