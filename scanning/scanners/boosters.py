"""Models of XGBoost (UBJSON) and CatBoost (.cbm): numbers in trees, read by their own libraries."""

from __future__ import annotations

import struct
from pathlib import Path, PurePath
from typing import BinaryIO

from scanning.scanners._tensors.notes import POLYGLOT, Notes, note_zip_behind
from scanning.scanners._tensors.reading import BoundsError, ByteReader, FormatError
from scanning.scanners._tensors.ubjson import XGBOOST, examine_ubjson
from scanning.scanners.base import Canary, Report, Rule, Scanner, Severity, scanners

_LENGTHS = "https://cwe.mitre.org/data/definitions/130.html"
_CATBOOST = b"CBM1"


@scanners.register
class Boosters(Scanner):
    """Suspicious where lengths lie or something stands behind the model."""

    slug = "boosters"
    title = "XGBoost and CatBoost"
    rules = {**POLYGLOT, "booster_invalid": Rule("A booster's file breaks its format", _LENGTHS)}

    @property
    def engine(self) -> str:
        return "boosters/1"

    def canary(self) -> Canary:
        return Canary("canary.ubj", XGBOOST + b"\x7fx")

    def handles(self, path: PurePath, head: bytes) -> bool:
        return head.startswith((XGBOOST, _CATBOOST))

    def scan(self, path: Path, name: PurePath) -> Report:
        notes, size = Notes(), path.stat().st_size
        with path.open("rb") as stream:
            try:
                _examine(stream, size)
            except (BoundsError, FormatError) as error:
                message = "breaks the format that it begins with"
                notes.add("booster_invalid", Severity.MEDIUM, message, str(error))
            note_zip_behind(stream, notes)
        return notes.report(size)


def _examine(stream: BinaryIO, size: int) -> None:
    head = stream.read(8)
    if not head.startswith(_CATBOOST):
        examine_ubjson(ByteReader(stream))
        return
    (core,) = struct.unpack("<I", head[4:])
    if not 0 < core <= size - len(head):
        raise FormatError(f"a core of {core} bytes in a file of {size}")
