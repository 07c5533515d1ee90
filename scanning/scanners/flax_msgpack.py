"""Flax checkpoints (msgpack): values and arrays of numbers to the last byte, nothing else."""

from __future__ import annotations

from pathlib import Path, PurePath

from scanning.scanners._sniff import Kind, sniff
from scanning.scanners._tensors.msgpack import RULES, examine_msgpack, looks_like_flax
from scanning.scanners._tensors.notes import POLYGLOT, Notes, note_zip_behind
from scanning.scanners.base import Canary, Report, Scanner, scanners


@scanners.register
class FlaxMsgpack(Scanner):
    """Suspicious where sizes lie or a value is of a type that Flax does not have."""

    slug = "flax_msgpack"
    title = "Flax msgpack"
    rules = {**RULES, **POLYGLOT}

    @property
    def engine(self) -> str:
        return "flax_msgpack/3"

    def canary(self) -> Canary:
        return Canary("canary.msgpack", b"\x81\xa1a\xc7\x01\x63x")

    def handles(self, path: PurePath, head: bytes) -> bool:
        if sniff(head) is not Kind.UNKNOWN:
            return False
        return path.suffix.lower() == ".msgpack" or looks_like_flax(head)

    def scan(self, path: Path, name: PurePath) -> Report:
        notes = Notes()
        with path.open("rb") as stream:
            examine_msgpack(stream, notes)
            note_zip_behind(stream, notes)
        return notes.report(path.stat().st_size)
