"""Hold GGUF files to their format and read the chat templates in them.

A header that is true covers the file: tensors are numbers that no loader runs.
"""

from __future__ import annotations

import struct
from pathlib import Path, PurePath
from typing import BinaryIO

from scanning.scanners._jinja.parse import RULES as TEMPLATE_RULES
from scanning.scanners._sniff import Kind, sniff
from scanning.scanners._tensors.gguf import examine_gguf
from scanning.scanners._tensors.notes import POLYGLOT, Notes
from scanning.scanners.base import (
    HEAD_BYTES,
    Canary,
    Report,
    Rule,
    Scanner,
    Severity,
    scanners,
)

_SUFFIXES = frozenset({".gguf", ".llamafile"})
_LENGTHS = "https://cwe.mitre.org/data/definitions/130.html"


@scanners.register
class Gguf(Scanner):
    """Suspicious where sizes lie, unsafe where a template reaches out or a program stands first."""

    slug = "gguf"
    title = "GGUF header"
    rules = {
        **TEMPLATE_RULES,
        **POLYGLOT,
        "gguf_invalid": Rule("A GGUF file breaks its format", _LENGTHS),
        "gguf_big_endian": Rule("A GGUF file is big-endian"),
        "gguf_executable": Rule(
            "A program in place of a GGUF file", "https://cwe.mitre.org/data/definitions/506.html"
        ),
    }

    @property
    def engine(self) -> str:
        return "gguf/2"

    def canary(self) -> Canary:
        return Canary("canary.gguf", b"GGUF" + struct.pack("<IQQ", 3, 0, 1 << 60))

    def handles(self, path: PurePath, head: bytes) -> bool:
        return sniff(head) is Kind.GGUF or (bool(head) and path.suffix.lower() in _SUFFIXES)

    def scan(self, path: Path, name: PurePath) -> Report:
        notes = Notes()
        with path.open("rb") as stream:
            _examine(stream, notes)
        return notes.report(path.stat().st_size)


def _examine(stream: BinaryIO, notes: Notes) -> None:
    kind = sniff(stream.read(HEAD_BYTES))
    if kind is Kind.EXECUTABLE:
        message = "is a program (a llamafile, or something that calls itself a model)"
        notes.add("gguf_executable", Severity.HIGH, message, str(kind))
    else:
        examine_gguf(stream, notes)
