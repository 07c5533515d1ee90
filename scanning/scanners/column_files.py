"""Tables in columns (Parquet, Arrow, Feather, ORC): numbers and text, and types that bring pickles.

PyArrow before 14 unpickled the types of extension that a schema carries (CVE-2023-47248).
"""

from __future__ import annotations

import base64
import re
import struct
from pathlib import Path, PurePath
from typing import BinaryIO

from scanning.scanners._sniff import is_text
from scanning.scanners._tensors.column_ends import ORC, STREAM, check_orc, stream_end
from scanning.scanners._tensors.notes import POLYGLOT, Notes, note_zip_behind
from scanning.scanners._tensors.reading import FormatError
from scanning.scanners._tensors.thrift import is_struct
from scanning.scanners.base import MEBIBYTE, Canary, Report, Rule, Scanner, Severity, scanners

_PARQUET, _ARROW = b"PAR1", b"ARROW1"
_MAX_SCHEMA = 64 * MEBIBYTE
_PICKLED_TYPE = b"arrow.py_extension_type"
_PACKED_SCHEMA = re.compile(rb"ARROW:schema.{1,16}?([A-Za-z0-9+/]{40,}={0,2})", re.DOTALL)
_LENGTHS = "https://cwe.mitre.org/data/definitions/130.html"
_STREAM_SUFFIXES = frozenset({".arrow", ".arrows", ".ipc"})


@scanners.register
class ColumnFiles(Scanner):
    """Unsafe for a type that is a pickle, suspicious where lengths lie."""

    slug = "column_files"
    title = "Parquet, Arrow and ORC"
    rules = {
        **POLYGLOT,
        "columns_pickled_type": Rule(
            "A table's type is a pickle", "https://nvd.nist.gov/vuln/detail/CVE-2023-47248"
        ),
        "columns_invalid": Rule("A table breaks its format", _LENGTHS),
    }

    @property
    def engine(self) -> str:
        return "column_files/3"

    def canary(self) -> Canary:
        schema = b"ARROW:extension:name" + _PICKLED_TYPE
        footer = schema + len(schema).to_bytes(4, "little")
        return Canary("canary.arrow", _ARROW + bytes(2) + footer + _ARROW)

    def handles(self, path: PurePath, head: bytes) -> bool:
        if head.startswith(STREAM) and path.suffix.lower() in _STREAM_SUFFIXES:
            return True
        if head.startswith(ORC) and not is_text(head):
            return True
        return head.startswith((_PARQUET, _ARROW + bytes(2)))

    def scan(self, path: Path, name: PurePath) -> Report:
        notes, size = Notes(), path.stat().st_size
        with path.open("rb") as stream:
            schema = _schema(stream, size, notes)
            _judge_schema(schema, notes)
            stream.seek(0)
            fault = _fault(stream, stream.read(len(STREAM)), schema, size)
            if fault:
                message = "has an end that describes no table"
                notes.add("columns_invalid", Severity.MEDIUM, message, fault)
            note_zip_behind(stream, notes)
        return notes.report(size)


def _schema(stream: BinaryIO, size: int, notes: Notes) -> bytes:
    """Where types stand: a footer, whose length stands behind it, or the first message."""
    head = stream.read(8)
    if head.startswith(ORC):
        return b""  # it has types of its own, and no pickles
    if head.startswith(STREAM):
        return stream.read(min(int.from_bytes(head[4:], "little"), _MAX_SCHEMA))
    magic = _PARQUET if head.startswith(_PARQUET) else _ARROW
    behind = len(magic) + 4
    stream.seek(max(0, size - behind))
    tail = stream.read(behind)
    length = int.from_bytes(tail[:4], "little")
    if not tail.endswith(magic) or length > size - behind - len(magic):
        message = "is a table without the end that its format asks for"
        notes.add("columns_invalid", Severity.MEDIUM, message, f"{length} bytes of {size}")
        return b""
    if length > _MAX_SCHEMA:
        notes.gap(f"a footer of {length} bytes")
    stream.seek(size - behind - length)
    return stream.read(min(length, _MAX_SCHEMA))


def _fault(stream: BinaryIO, head: bytes, schema: bytes, size: int) -> str:
    """What is wrong with its end ('' when nothing is)."""
    try:
        if head.startswith(ORC):
            check_orc(stream, size)
        elif head == STREAM:
            behind = size - stream_end(stream, size)
            return f"{behind} bytes behind it" if behind else ""
        elif not _is_footer(schema, head):
            return f"{len(schema)} bytes"
    except (FormatError, struct.error) as error:
        return str(error)
    return ""


def _is_footer(schema: bytes, head: bytes) -> bool:
    if head == _PARQUET:
        return len(schema) == _MAX_SCHEMA or is_struct(schema)
    root = int.from_bytes(schema[:4], "little")
    table = schema[root : root + 4]
    properties = root - int.from_bytes(table, "little", signed=True)
    return len(table) == len(schema[:4]) == 4 and 4 <= properties < len(schema)  # noqa: PLR2004


def _judge_schema(schema: bytes, notes: Notes) -> None:
    """Parquet has the schema of Arrow in it once more, as text."""
    packed = _PACKED_SCHEMA.search(schema)
    parts = [schema, _unpacked(packed[1])] if packed else [schema]
    for part in parts:
        if _PICKLED_TYPE in part:
            message = "has a type that PyArrow unpickles"
            notes.add("columns_pickled_type", Severity.HIGH, message, _PICKLED_TYPE.decode())


def _unpacked(text: bytes) -> bytes:
    return base64.b64decode(text[: len(text) - len(text) % 4])
