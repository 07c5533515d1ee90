"""Read the license of a version and answer its gate with the evidence it rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

from core.errors import TooLargeError
from licenses.detection.detect import MAX_TEXT, detect
from licenses.detection.finding import LicenseFinding
from licenses.policy import answer
from registry.enums import Gate, GateOutcome
from registry.models import ModelVersion
from registry.services.gates import record_gate
from registry.services.versions import record_license

__all__ = ["MAX_TEXT", "Answer", "answer_gate", "license_paths", "look"]
Read = Callable[[str], bytes]
MAX_FILES = 8
_STEMS = ("license", "licence", "copying", "use_policy", "use-policy", "acceptable_use")


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


def license_paths(paths: Iterable[str]) -> list[str]:
    """License files of a repository, those at its top first; READMEs are the card's business."""
    found = [
        path for path in paths if PurePosixPath(path).name.lower().startswith(_STEMS)
    ]
    return sorted(found, key=lambda path: (path.count("/"), path))[:MAX_FILES]


def look(*, card: Mapping[str, Any], paths: Iterable[str], read: Read) -> Answer:
    """Work out the license from what the card says and the license files; writes nothing."""
    finding = detect(
        card.get("license"), card.get("license_name"), card.get("license_link"), _texts(paths, read)
    )
    said = answer(finding)
    return Answer(
        outcome=GateOutcome(said.outcome),
        reason=" ".join(said.reasons),
        spdx=finding.spdx if finding.spdx not in ("NONE", "NOASSERTION") else "",
        license_class=finding.license_class.value,
        finding=finding,
    )


def _texts(paths: Iterable[str], read: Read) -> dict[str, bytes]:
    texts = {}
    for path in license_paths(paths):
        try:
            texts[path] = read(path)
        except TooLargeError:
            texts[path] = b""  # an unreadable license file is a file that says nothing we know
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
