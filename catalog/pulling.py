"""Bring a version from a shell: the plan in words, progress while it moves, how it ended."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from catalog import upstreams
from catalog.models import Intake
from catalog.services.dry_run import DryRun
from catalog.services.pinning import check_pinned
from catalog.sources.base import ModelRef
from core.following import where_it_stands
from core.models import Run, RunState
from core.wording import file_size, grouped
from downloads.planning.plan import Plan, Sum
from registry.callers import Caller
from registry.enums import Admission
from registry.models import ModelVersion
from registry.selectors.access import knowable_models

ADMITTED: Final = 0
HELD: Final = 3
FAILED: Final = 4
CANCELLED: Final = 5
STILL_RUNNING: Final = 6
INTERRUPTED: Final = 130
ALONE: Final = 20.0  # seconds after which a job that nobody took is told of
_EVERY: Final = 1.0
_NUMBER = re.compile(r"[0-9]{1,6}")
_NAMED: Final = 12  # files of a plan


def pinned_reference(caller: Caller, text: str) -> ModelRef:
    """Read `URI@rev`: a commit, a tag, or the number of a version that is here.

    What moves is refused with the commit it would be.
    """
    ref = upstreams.parse(text)
    revision = ref.revision or ""
    if known := _numbered(caller, ref):
        return ModelRef(ref.source, ref.repo_id, known.commit)
    check_pinned(source=ref.source, repo_id=ref.repo_id, revision=revision)
    return ref


def _numbered(caller: Caller, ref: ModelRef) -> ModelVersion | None:
    """The version of that number; a tag may be called like one that is not here."""
    if not _NUMBER.fullmatch(ref.revision or ""):
        return None
    models = knowable_models(caller).filter(source=ref.source, repo_id=ref.repo_id)
    return ModelVersion.objects.filter(model__in=models, number=int(ref.revision or 0)).first()


def plan_in_words(run: DryRun) -> Iterator[str]:
    """Say what would move, what stays behind, and what is worth knowing."""
    plan = run.plan
    yield f"{run.listing.ref.repo_id} at {run.listing.commit}"
    yield f"selected     {plan.selection.words}"
    yield f"to move      {_sum(plan.of('move'))}"
    yield f"stored       {_sum(plan.of('stored'))}"
    for reason, one in plan.left_out.items():
        yield f"left out     {_sum(one)}: {reason}"
    yield f"space        {file_size(plan.needed_bytes)} needed, {file_size(plan.free_bytes)} free"
    yield from (f"limit        {words}" for words in plan.limits)
    yield from _files(plan)
    yield from (f"note         {note.title} {note.text}" for note in plan.notes)
    tier = run.decision.lowest_tier
    likely = f"admitted for {tier} and above" if tier else "held"
    yield f"likely       {likely}, if the scan finds nothing"


def _files(plan: Plan) -> Iterator[str]:
    moving = [file for file in plan.files if file.state == "move"]
    largest = sorted(moving, key=lambda file: (-file.size, file.path))
    yield from (f"  {file_size(file.size):>10}  {file.path}" for file in largest[:_NAMED])
    if len(largest) > _NAMED:
        yield f"  and {grouped(len(largest) - _NAMED)} more"


def _sum(one: Sum) -> str:
    return f"{grouped(one.files)} files, {file_size(one.size)}"


@dataclass
class Follower:
    """Tell how a run goes until it ends; workers do the work, so leaving changes nothing."""

    say: Callable[[str], None]
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def follow(self, run: Run, *, seconds: float | None) -> Run:
        """Give the run as it is when it has ended, or when the time is over."""
        began, told, warned = self.clock(), "", False
        while True:
            run = _at_work(run)
            if (words := where_it_stands(run)) != told:
                self.say(told := words)
            waited = self.clock() - began
            if not run.is_active or (seconds is not None and waited >= seconds):
                return run
            if run.started_at is None and waited >= ALONE and not warned:
                warned = True
                self.say("No worker has taken it yet. Does the yard run? (make up)")
            self.sleep(_EVERY)


def _at_work(run: Run) -> Run:
    """The run as it is now, or the one that does its work."""
    run = Run.objects.get(pk=run.pk)
    joined = run.result.get("joined")
    other = Run.objects.filter(pk=joined).first() if joined else None
    return other or run


def ending(run: Run) -> tuple[int, str]:
    """Say how a run ended as an exit status and a sentence."""
    version = Intake.objects.select_related("version__model").get(run=run).version
    if run.is_active:
        return STILL_RUNNING, f"The job goes on: {run.pk}."
    if run.state == RunState.CANCELLED:
        return CANCELLED, "The job was cancelled."
    if run.state == RunState.FAILED or version is None:
        return FAILED, f"The job failed: {run.error or 'it found no version.'}"
    return decided(version)


def decided(version: ModelVersion) -> tuple[int, str]:
    """Say what was decided on a version, as an exit status and a sentence."""
    size = f"{grouped(version.file_count)} files, {file_size(version.size_bytes)}"
    if version.admission == Admission.ADMITTED:
        return ADMITTED, f"{version} is admitted for {version.lowest_tier} and above: {size}."
    return HELD, f"{version} is {version.admission}: {size}. Its page says why."
