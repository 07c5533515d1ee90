"""Find out which kinds of graph a file can be, and examine it as each of them."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import BinaryIO

from scanning.scanners._sniff import Kind, sniff
from scanning.scanners._tensors import caffe, onnx, other_graphs, tensorflow
from scanning.scanners._tensors.graph_format import GraphFormat
from scanning.scanners._tensors.keras_config import RULES as KERAS_RULES
from scanning.scanners._tensors.notes import POLYGLOT, Notes, note_zip_behind
from scanning.scanners._tensors.protobuf import TooMuchError, looks_like
from scanning.scanners._tensors.reading import ByteReader, FormatError
from scanning.scanners.base import HEAD_BYTES, UNSAFE_SEVERITIES, Rule, Severity

FORMATS: tuple[type[GraphFormat], ...] = (
    onnx.Onnx,
    tensorflow.SavedModel,
    tensorflow.MetaGraph,
    tensorflow.FrozenGraph,
    tensorflow.KerasMetadata,
    tensorflow.Fingerprint,
    other_graphs.CoreMl,
    other_graphs.Paddle,
    other_graphs.SentencePiece,
    caffe.Caffe,
)
RULES = {
    **onnx.RULES,
    **tensorflow.RULES,
    **other_graphs.RULES,
    **caffe.RULES,
    **KERAS_RULES,
    **POLYGLOT,
    "graph_invalid": Rule(
        "A graph breaks its format", "https://cwe.mitre.org/data/definitions/130.html"
    ),
}


def graph_formats(head: bytes) -> list[type[GraphFormat]]:
    """The kinds of graph that a file which begins so can be; none for texts and archives."""
    if sniff(head) not in {Kind.UNKNOWN, Kind.TEXT}:
        return []
    return [one for one in FORMATS if _begins_like(one, head)]


def _begins_like(kind: type[GraphFormat], head: bytes) -> bool:
    reader = ByteReader(io.BytesIO(head))
    return looks_like(kind.schema, kind.root, reader, len(head), 2)


def examine_graph(stream: BinaryIO, notes: Notes) -> None:
    """Examine a file as every graph it can be; as none of them it is not covered.

    A format that reads it to the end without a gap settles what it is. What others then miss is
    no gap, but what they find that is unsafe counts all the same.
    """
    stream.seek(0)
    likely = graph_formats(stream.read(HEAD_BYTES))
    looks = [_look(kind, stream, notes.location) for kind in likely or FORMATS]
    settled = [one for one in looks if not one.fault and not one.notes.gaps] if likely else []
    for one in looks:
        _take(one, notes, is_settled=bool(settled), is_it=one in settled)
    if not likely:
        notes.gap("no graph of a kind that is known")
    elif all(one.fault for one in looks):
        faults = "; ".join(one.fault for one in looks)
        message = "breaks the format that it begins with"
        notes.add("graph_invalid", Severity.MEDIUM, message, faults)
    note_zip_behind(stream, notes)


@dataclass(frozen=True, slots=True)
class _Look:
    """What one format made of a file; `fault` says why it is none ('' when it may be)."""

    notes: Notes
    fault: str


def _look(kind: type[GraphFormat], stream: BinaryIO, location: str) -> _Look:
    own = Notes(location)
    try:
        kind(ByteReader(stream), own).examine()
    except TooMuchError as error:
        own.gap(f"{kind.name}: {error}")
    except FormatError as error:
        return _Look(own, f"{kind.name}: {error}")
    return _Look(own, "")


def _take(look: _Look, notes: Notes, *, is_settled: bool, is_it: bool) -> None:
    unsafe = [one for one in look.notes.findings if one.severity in UNSAFE_SEVERITIES]
    if is_it or not is_settled:
        notes.merge(look.notes)
    else:
        notes.extend(unsafe)
