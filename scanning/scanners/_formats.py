"""Name the format of a content whose kind has no mark of its own: for reports alone."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from scanning.scanners._sniff import Kind, sniff
from scanning.scanners._tensors.flatbuffer import MARK as TFLITE
from scanning.scanners._tensors.graph_format import GraphFormat
from scanning.scanners._tensors.graphs import graph_formats
from scanning.scanners._tensors.msgpack import looks_like_flax
from scanning.scanners._tensors.ort import MARK as ORT
from scanning.scanners._tensors.protobuf import ANY, raw_fields
from scanning.scanners._tensors.reading import ByteReader, FormatError
from scanning.scanners._tensors.ubjson import XGBOOST
from scanning.scanners._tensors.weight_forms import weight_form

_MARKS = {
    b"PAR1": "parquet",
    b"ARROW1\0\0": "arrow",
    b"CBM1": "catboost",
    XGBOOST: "xgboost",
}
_FLATBUFFERS = {TFLITE: "tflite", ORT: "onnx runtime"}
_MOST_FIELDS = 100_000
_AT_FOUR = slice(4, 8)


def format_of(path: Path, head: bytes) -> str:
    kind = sniff(head)
    return kind.value if kind is not Kind.UNKNOWN else _by_content(path, head) or kind.value


def _by_content(path: Path, head: bytes) -> str:
    marked = [name for mark, name in _MARKS.items() if head.startswith(mark)]
    if marked or head[_AT_FOUR] in _FLATBUFFERS:
        return next(iter(marked), "") or _FLATBUFFERS[head[_AT_FOUR]]
    if form := weight_form(head):
        return form.name.lower()
    if looks_like_flax(head):
        return "flax msgpack"
    likely = graph_formats(head)
    fields = _outer_fields(path) if likely else set()
    return next((one.name.lower() for one in likely if _fits(one, fields)), "")


def _fits(graph: type[GraphFormat], fields: set[int]) -> bool:
    """Several begin alike; the numbers of a whole file's outer fields tell them apart."""
    known = graph.schema[graph.root]
    return bool(fields & set(graph.essence)) and (ANY in known or fields <= known.keys())


def _outer_fields(path: Path) -> set[int]:
    found: set[int] = set()
    with path.open("rb") as stream:
        reader = ByteReader(stream)
        try:
            for field in islice(raw_fields(reader, reader.size), _MOST_FIELDS):
                found.add(field.number)
                reader.skip(0 if field.wire == 0 else field.value)
        except FormatError:
            return set()
    return found
