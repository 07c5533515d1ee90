"""Models as ONNX Runtime keeps them (.ort): operators that call Python or need foreign code."""

from __future__ import annotations

import struct
from pathlib import Path, PurePath

from scanning.scanners._tensors.notes import POLYGLOT, Notes, note_zip_behind
from scanning.scanners._tensors.ort import MARK, RULES, examine_ort
from scanning.scanners.base import Canary, Report, Scanner, scanners

_MARK = slice(4, 8)


@scanners.register
class OrtModels(Scanner):
    """Suspicious where an operator is not built in, or a size lies."""

    slug = "ort_models"
    title = "ONNX Runtime"
    rules = {**RULES, **POLYGLOT}

    @property
    def engine(self) -> str:
        return "ort_models/1"

    def canary(self) -> Canary:
        return Canary("canary.ort", struct.pack("<I", 1 << 30) + MARK + bytes(8))

    def handles(self, path: PurePath, head: bytes) -> bool:
        return head[_MARK] == MARK

    def scan(self, path: Path, name: PurePath) -> Report:
        notes = Notes()
        with path.open("rb") as stream:
            examine_ort(stream, notes)
            note_zip_behind(stream, notes)
        return notes.report(path.stat().st_size)
