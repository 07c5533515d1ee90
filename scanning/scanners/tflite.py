"""TensorFlow Lite models: operators that reach files or Python, or need foreign code."""

from __future__ import annotations

import struct
from pathlib import Path, PurePath

from scanning.scanners._tensors.flatbuffer import MARK, RULES, examine_tflite
from scanning.scanners._tensors.notes import Notes
from scanning.scanners._tensors.tensorflow import RULES as TENSORFLOW_RULES
from scanning.scanners.base import Canary, Report, Scanner, scanners

_MARK = slice(4, 8)


@scanners.register
class Tflite(Scanner):
    """Unsafe where an operator of TensorFlow reaches files, suspicious where one is unknown."""

    slug = "tflite"
    title = "TensorFlow Lite"
    rules = {**RULES, **TENSORFLOW_RULES}

    @property
    def engine(self) -> str:
        return "tflite/3"

    def canary(self) -> Canary:
        return Canary("canary.tflite", struct.pack("<I", 1 << 30) + MARK + bytes(8))

    def handles(self, path: PurePath, head: bytes) -> bool:
        return head[_MARK] == MARK

    def scan(self, path: Path, name: PurePath) -> Report:
        notes = Notes()
        with path.open("rb") as stream:
            examine_tflite(stream, notes)
        return notes.report(path.stat().st_size)
