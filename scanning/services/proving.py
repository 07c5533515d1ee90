"""Whether the engines flag their canaries: asked at start, again and again, and of new rules."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from core.errors import ScanFailedError
from core.sandbox.limits import Limits
from core.scratch import sweep_scratch
from core.storage.faults import local_faults
from scanning.enums import EngineHealth
from scanning.models import EngineState
from scanning.sandbox import BROKEN, self_test
from scanning.scanners import Scanner, Signatures, scanners
from scanning.services.engines import is_set_up, options
from scanning.services.looks import Look, reports_on

log = structlog.get_logger(__name__)
EVERY = timedelta(minutes=15)
FORGOTTEN = timedelta(days=1)  # a host that is silent for so long is gone
_CANARY = Limits(wall_seconds=60, cpu_seconds=60)


@dataclass(frozen=True, slots=True)
class _Said:
    """What an engine says of itself before it is tried; `problem`: it cannot run."""

    engine: str = ""
    signatures: Signatures = field(default_factory=Signatures)
    problem: str = ""
    is_set_up: bool = True


def prove_engines(*, only_due: bool = False) -> list[EngineState]:
    """Let every engine of this host answer its canary and keep what comes of it.

    `only_due`: those that are not known, did not work, have other rules or signatures than the
    last time, or were asked long ago.
    """
    host = socket.gethostname()
    with local_faults(f"Scratch folder {settings.SCRATCH_DIR}"):
        settings.SCRATCH_DIR.mkdir(parents=True, exist_ok=True)
    sweep_scratch(settings.SCRATCH_DIR)
    known = {state.slug: state for state in EngineState.objects.filter(host=host)}
    proven = []
    for cls in scanners:
        scanner = cls(options())
        said = _ask(scanner)
        if not only_due or _is_due(known.get(cls.slug), said):
            proven.append(_prove(scanner, said, host))
    removed = ~Q(slug__in=[cls.slug for cls in scanners])
    silent = Q(checked_at__lt=timezone.now() - FORGOTTEN)
    EngineState.objects.filter(removed & Q(host=host) | silent).delete()
    return proven


def note_answer(scanner: Scanner, engine: str, problem: str) -> None:
    """Keep what an engine's canary said in a scan, where that is news."""
    state = EngineHealth.BROKEN if problem else EngineHealth.WORKING
    known = EngineState.objects.filter(slug=scanner.slug, host=socket.gethostname())
    changed = known.exclude(state=state)
    if changed.update(state=state, words=problem[:400], engine=engine, checked_at=timezone.now()):
        log.warning("engine_changed", engine=scanner.slug, state=state.value, words=problem)


def broken_here() -> str:
    """Which engines of this host did not flag their canary lately; '' when none."""
    lately = timezone.now() - EVERY
    rows = EngineState.objects.filter(
        host=socket.gethostname(), state=EngineHealth.BROKEN, checked_at__gte=lately
    )
    return "; ".join(f"{row.slug}: {BROKEN}{row.words}" for row in rows)


def broken_among(looks: Sequence[Look]) -> str:
    """Which engine's answers to these looks were thrown away for its canary; '' when none's."""
    reports = reports_on(looks)
    told = (reports[look.key] for look in looks if look.key in reports)
    broken = (one for one in told if one.detail.startswith(BROKEN))
    return next((f"{one.scanner}: {one.detail}" for one in broken), "")


def _ask(scanner: Scanner) -> _Said:
    if not is_set_up(scanner.slug):
        return _Said(problem="not set up here", is_set_up=False)
    if reason := scanner.unavailable():
        return _Said(problem=reason)
    try:
        return _Said(scanner.engine, scanner.signatures())
    except ScanFailedError as error:
        return _Said(problem=error.message)


def _is_due(known: EngineState | None, said: _Said) -> bool:
    if known is None or known.state != EngineHealth.WORKING or said.problem:
        return True
    if (known.engine, known.signatures) != (said.engine, said.signatures.version):
        return True
    return known.checked_at < timezone.now() - EVERY


def _prove(scanner: Scanner, said: _Said, host: str) -> EngineState:
    words = said.problem or self_test(scanner.slug, options(), _CANARY)
    state = EngineHealth.BROKEN if words else EngineHealth.WORKING
    if not said.is_set_up:
        state = EngineHealth.ABSENT
    if state == EngineHealth.BROKEN:
        log.error("engine_broken", engine=scanner.slug, words=words)
    row, _ = EngineState.objects.update_or_create(
        slug=scanner.slug,
        host=host,
        defaults={
            "engine": said.engine,
            "signatures": said.signatures.version,
            "signatures_at": said.signatures.made_at,
            "state": state,
            "words": words[:400],
            "checked_at": timezone.now(),
        },
    )
    return row
