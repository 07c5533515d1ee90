"""What the scanners of a source say: it holds a version back and never makes it clean."""

from __future__ import annotations

from collections.abc import Collection

from registry.enums import Gate, GateOutcome
from registry.models import WANTED, ModelVersion
from registry.services.gates import record_gate
from registry.source_scan import KEY, read_source_scan
from scanning.services.held import hold_warned


def objection_of_source(version: ModelVersion, *, held: Collection[str] | None = None) -> str:
    """Say what the source has against the files that are served; '' where nothing.

    `held` are the paths that are to be held back, where those are others than now.
    """
    said = read_source_scan(version.facts.get(KEY))
    if said is None:
        return ""
    named = version.files.filter(WANTED, path__in=said.warnings).values_list("path", "held_back")
    return said.objection({path for path, why in named if not _is_held(path, why, held)})


def _is_held(path: str, why: str, held: Collection[str] | None) -> bool:
    return bool(why) if held is None else path in held


def answer_by_source(version: ModelVersion) -> bool:
    """Answer the malware gate by what the source warns of; say whether it warns.

    What engines found here stays the answer. A file that nobody misses is held back, not fetched.
    """
    hold_warned(version)
    objection = objection_of_source(version)
    known = version.gates.filter(gate=Gate.MALWARE, outcome=GateOutcome.FAILED).first()
    if objection and not (known and known.evidence.get("engines")):
        record_gate(
            version=version,
            gate=Gate.MALWARE,
            outcome=GateOutcome.FAILED,
            reason=objection,
            evidence={"source": objection},
        )
    return bool(objection)
