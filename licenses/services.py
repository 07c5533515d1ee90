"""Read the license of a version and answer its gate with the evidence it rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings

from core.errors import TooLargeError
from core.storage.faults import local_faults
from licenses.analysis import Card, Unread, analyze
from licenses.detection.finding import LicenseFinding
from licenses.detection.names import MAX_FILES, MAX_TEXT, TOO_LARGE, states_terms
from licenses.policy import answer
from registry.enums import Gate, GateOutcome
from registry.models import ModelVersion
from registry.services.gates import record_gate
from registry.services.versions import record_license

__all__ = ["MAX_TEXT", "Answer", "answer_gate", "license_paths", "look"]
Read = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gate says, and the finding behind it."""

    outcome: GateOutcome
    reason: str
    spdx: str
    license_class: str
    finding: LicenseFinding

    @property
    def evidence(self) -> dict[str, Any]:
        return asdict(self.finding)


def license_paths(paths: Iterable[str], link: object = None) -> list[str]:
    """License files of a repository by name, and the one its card links; those at its top first."""
    found = [path for path in paths if states_terms(path, link)]
    return sorted(found, key=lambda path: (path.count("/"), path))[: MAX_FILES + 1]


def look(*, card: Mapping[str, Any], paths: Iterable[str], read: Read) -> Answer:
    """Work out the license from what the card says and the license files; writes nothing."""
    names = ("license", "license_name", "license_link", "rights")
    fields = Card(*(card.get(name) for name in names))
    texts = _texts(license_paths(paths, fields.link), read)
    with local_faults(f"Scratch folder {settings.SCRATCH_DIR}"):
        settings.SCRATCH_DIR.mkdir(parents=True, exist_ok=True)
        finding = analyze(fields, texts, scratch=settings.SCRATCH_DIR)
    said = answer(finding)
    return Answer(
        outcome=GateOutcome(said.outcome),
        reason=" ".join(said.reasons),
        spdx=finding.spdx if finding.spdx not in ("NONE", "NOASSERTION") else "",
        license_class=finding.license_class.value,
        finding=finding,
    )


def _texts(paths: Iterable[str], read: Read) -> dict[str, bytes | Unread]:
    texts: dict[str, bytes | Unread] = {}
    for path in paths:
        try:
            texts[path] = read(path)
        except TooLargeError:
            texts[path] = Unread(TOO_LARGE)
    return texts


def answer_gate(version: ModelVersion, *, read: Read) -> Answer:
    """Answer the license gate of a version; safe to do again."""
    found = look(
        card=version.facts.get("card") or {},
        paths=version.files.values_list("path", flat=True),
        read=read,
    )
    record_license(version=version, spdx=found.spdx, license_class=found.license_class)
    record_gate(
        version=version,
        gate=Gate.LICENSE,
        outcome=found.outcome,
        reason=found.reason,
        evidence=found.evidence,
    )
    return found
