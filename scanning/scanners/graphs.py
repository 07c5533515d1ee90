"""Graphs in protobuf: ONNX, TensorFlow, Core ML, PaddlePaddle, Caffe and SentencePiece.

Read by tables of their fields, without their libraries; tensors are passed over. A file that can
be read as several of them is examined as each.
"""

from __future__ import annotations

from pathlib import Path, PurePath

from scanning.scanners._sniff import Kind, is_text, sniff
from scanning.scanners._tensors.graphs import RULES, examine_graph, graph_formats
from scanning.scanners._tensors.notes import Notes
from scanning.scanners._tensors.text_graphs import TEXT_SUFFIXES, examine_text_graph
from scanning.scanners.base import HEAD_BYTES, Canary, Report, Scanner, scanners

_SUFFIXES = frozenset({".onnx", ".pb", ".mlmodel", ".pdmodel"})


@scanners.register
class Graphs(Scanner):
    """Unsafe where a graph reaches files, suspicious where it needs foreign code."""

    slug = "graphs"
    title = "Graphs in protobuf"
    rules = RULES

    @property
    def engine(self) -> str:
        return "graphs/7"

    def canary(self) -> Canary:
        node = b"\x0a\x01a\x12\x08ReadFile"
        return Canary("canary.pb", b"\x0a" + bytes([len(node)]) + node)

    def handles(self, path: PurePath, head: bytes) -> bool:
        """By content; a name that promises a graph adds what is none of ours by its bytes.

        Short texts can be read as protobuf by chance, so of text the name decides.
        """
        is_text_graph = path.suffix.lower() in TEXT_SUFFIXES and sniff(head) is Kind.TEXT
        if is_text_graph and not graph_formats(head):
            return True
        is_named = path.suffix.lower() in _SUFFIXES
        if is_named and sniff(head) is Kind.UNKNOWN:
            return True
        return (is_named or not is_text(head)) and bool(graph_formats(head))

    def scan(self, path: Path, name: PurePath) -> Report:
        notes = Notes()
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
            stream.seek(0)
            if sniff(head) is Kind.TEXT and not graph_formats(head):
                examine_text_graph(stream, notes)
            else:
                examine_graph(stream, notes)
        return notes.report(path.stat().st_size)
