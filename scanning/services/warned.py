"""What the scanners of a source say: it holds a version back and never makes it clean."""

from __future__ import annotations

from registry.enums import Gate, GateOutcome
from registry.models import WANTED, ModelVersion
from registry.services.gates import record_gate
from registry.source_scan import KEY, read_source_scan


def objection_of_source(version: ModelVersion) -> str:
    """Say what the source has against the files that are taken; '' where nothing."""
    said = read_source_scan(version.facts.get(KEY))
    if said is None:
        return ""
    named = version.files.filter(WANTED, path__in=said.warnings)
    return said.objection(set(named.values_list("path", flat=True)))


def answer_by_source(version: ModelVersion) -> bool:
    """Answer the malware gate by what the source warns of; say whether it warns.

    What engines found here stays the answer.
    """
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
