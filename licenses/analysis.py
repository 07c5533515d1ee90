"""Work out a license in limited children: texts and cards are foreign, and may be made to be slow.

Here it is only said what they look at; the texts of known licenses are in their memory, not ours.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from core.sandbox.limits import Limits
from core.sandbox.run import Job, Lost, run
from core.scratch import scratch_folder
from licenses.detection.classes import LicenseClass
from licenses.detection.exchange import finding_from_json, statement_from_json, statement_to_json
from licenses.detection.finding import (
    NO_ASSERTION,
    LicenseFinding,
    Statement,
    quotable,
    unread_file,
)
from licenses.detection.names import MAX_FILES

LIMITS = Limits(
    wall_seconds=60,
    start_seconds=30,
    total_seconds=60,
    cpu_seconds=10,
    memory_bytes=768 << 20,
    written_bytes=64 << 10,  # its last words; Landlock forbids files
    open_files=64,
)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Card:
    """The card's license fields as they are written there: any JSON values.

    `rights` are permissions that a source states in place of a license (detection.rights).
    """

    license: object = None
    name: object = None
    link: object = None
    rights: object = None


@dataclass(frozen=True, slots=True)
class Unread:
    """A license file whose text is not here, and why ("is too large")."""

    why: str


def analyze(
    card: Card, texts: Mapping[str, bytes | Unread], *, scratch: Path, limits: Limits = LIMITS
) -> LicenseFinding:
    """Answer which license a version is under; what cannot be analyzed is unknown and says why.

    `texts` are the license files by path, the most telling first.
    """
    with scratch_folder(scratch, "license-") as folder:
        desk = _Desk(folder, limits)
        files = desk.read(dict(list(texts.items())[:MAX_FILES]))
        return desk.conclude(card, files, len(texts))


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where the children of one analysis work."""

    folder: Path
    limits: Limits

    def read(self, texts: Mapping[str, bytes | Unread]) -> list[Statement]:
        here = {path: text for path, text in texts.items() if isinstance(text, bytes)}
        items = [{"path": path, "content": b64encode(text).decode()} for path, text in here.items()]
        said = run(self._job(statement_from_json), items)
        answers = dict(zip(here, said, strict=True))
        return [
            unread_file(path, text.why) if isinstance(text, Unread) else _said(path, answers[path])
            for path, text in texts.items()
        ]

    def conclude(self, card: Card, files: Sequence[Statement], count: int) -> LicenseFinding:
        item = {
            "card": [card.license, card.name, card.link],
            "rights": card.rights,
            "files": [statement_to_json(each) for each in files],
            "count": count,
        }
        (answer,) = run(self._job(finding_from_json), [item])
        return _not_analyzed(answer, files) if isinstance(answer, Lost) else answer

    def _job(self, read: Callable[[Any], T]) -> Job[T]:
        return Job("licenses.child", "the analysis", read, self.folder, self.limits)


def _said(path: str, answer: Statement | Lost) -> Statement:
    if isinstance(answer, Lost):
        return unread_file(path, f"could not be analyzed: {quotable(answer.reason)}")
    return answer


def _not_analyzed(lost: Lost, files: Sequence[Statement]) -> LicenseFinding:
    why = f"The license could not be analyzed: {quotable(lost.reason)}."
    return LicenseFinding(
        spdx=NO_ASSERTION,
        license_class=LicenseClass.UNKNOWN,
        confidence="low",
        evidence=tuple(line for found in files for line in found.evidence),
        reasons=(why, *(line for found in files for line in found.reasons)),
        needs_review=True,
    )
