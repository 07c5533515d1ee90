"""What models go through whichever way they come: named steps, and what these say of a version."""

from __future__ import annotations

from collections.abc import Callable

from core.errors import ScanFailedError
from core.models import Run
from core.pipelines import Step
from core.runs import MAX_RETRIES
from core.steps import StepContext
from registry.enums import Gate, GateOutcome
from registry.models import ModelVersion
from registry.services import gates
from registry.services.failures import note_failure
from scanning.services import rounds
from scanning.services.unanswered import check_answered

_ANEW = "scanned_anew"
# Title and queue by name: a step of one name is the same thing in every pipeline.
_STEPS = {
    "write": ("Write", "downloads"),
    "resolve": ("Resolve", "intake"),
    "inspect": ("Inspect", "intake"),
    "license": ("License", "licenses"),
    "outlook": ("Early decision", "intake"),
    "fetch": ("Fetch", "downloads"),
    "verify": ("Verify", "downloads"),
    "store": ("Store", "downloads"),
    "scan": ("Scan", "scanning"),
    "decide": ("Decide", "intake"),
    "read": ("Read", "intake"),
}


def steps(**works: Callable[[StepContext], None]) -> tuple[Step, ...]:
    """Make the steps of these names, in this order."""
    return tuple(Step(name, *_STEPS[name], work) for name, work in works.items())


def scan_version(context: StepContext, version: ModelVersion, *, again: bool = False) -> None:
    """Let every engine look at every content it has not seen yet, and answer the malware gate.

    What could not be looked at is tried again with the step; after its last try the answer is that
    it is incomplete, and a person has to ask for another scan.
    """
    again = again and not context.run.result.get(_ANEW)
    rounds.scan_version(version, report=context.reporter("files"), again=again)
    context.run.result[_ANEW] = True
    try:
        check_answered(version)
    except ScanFailedError:
        if context.step.retries < MAX_RETRIES:
            raise


def pass_integrity(
    version: ModelVersion, *, count: int, size: int, what: str, **evidence: object
) -> None:
    """Answer the integrity gate of a version whose bytes are all what they should be."""
    gates.record_gate(
        version=version,
        gate=Gate.INTEGRITY,
        outcome=GateOutcome.PASSED,
        reason=f"{count} of {count} files match {what}.",
        evidence={"files": count, "bytes": size, **evidence},
    )


def leave_reason(run: Run, version: ModelVersion) -> None:
    """Keep with the version why its run ended without a decision."""
    note_failure(version=version, code=run.error_code, reason=run.error, run=str(run.pk))
