"""Models as ONNX Runtime keeps them (.ort), a flatbuffer: the operators of every graph.

Format: https://github.com/microsoft/onnxruntime/blob/main/onnxruntime/core/flatbuffers/schema/ort.fbs
"""

from __future__ import annotations

from typing import BinaryIO

from scanning.scanners._tensors.flatbuffer import Tables
from scanning.scanners._tensors.notes import Notes
from scanning.scanners._tensors.onnx import calls_python, is_foreign
from scanning.scanners._tensors.reading import BoundsError, ByteReader, FormatError
from scanning.scanners.base import Rule, Severity

MARK = b"ORTM"
RULES = {
    "ort_python_op": Rule(
        "ONNX Runtime calls Python", "https://cwe.mitre.org/data/definitions/94.html"
    ),
    "ort_custom_op": Rule(
        "ONNX Runtime needs an operator that is not built in",
        "https://cwe.mitre.org/data/definitions/829.html",
    ),
    "ort_invalid": Rule(
        "ONNX Runtime's file breaks its format", "https://cwe.mitre.org/data/definitions/130.html"
    ),
}
_MODEL, _GRAPH = 1, 7
_INITIALIZERS, _NODES, _OPTIMIZATIONS = 0, 2, 8
_RAW = 4
_DOMAIN, _OPERATOR, _ATTRIBUTES = 2, 5, 10
_TENSOR, _SUBGRAPH, _TENSORS, _SUBGRAPHS = 6, 7, 11, 12
_MOST_PARTS = 2_000_000


def examine_ort(stream: BinaryIO, notes: Notes) -> None:
    """Note operators that are not built in; tensors are checked against the file's size."""
    try:
        _Reading(Tables(ByteReader(stream)), notes).run()
    except FormatError as error:
        message = "lies about its sizes or breaks its format"
        notes.add("ort_invalid", Severity.MEDIUM, message, str(error))


class _Reading:
    def __init__(self, tables: Tables, notes: Notes) -> None:
        self._tables = tables
        self._notes = notes
        self._graphs: list[int] = []
        self._told: set[tuple[str, str]] = set()
        self._parts = 0

    def run(self) -> None:
        if self._tables.reader.take_at(4, 4) != MARK:
            raise FormatError("it has no mark of ONNX Runtime")
        model = self._inner(self._tables.follow(0), _MODEL)
        graph = self._inner(model, _GRAPH) if model else None
        if not graph:
            raise FormatError("a model without a graph")
        seen: set[int] = set()
        self._graphs.append(graph)
        while self._graphs:
            graph = self._graphs.pop()
            if graph in seen:
                raise FormatError(f"the graph at {graph} is met twice")
            seen.add(graph)
            self._graph(graph)

    def _inner(self, table: int, index: int) -> int | None:
        place = self._tables.field(table, index)
        return None if place is None else self._tables.follow(place)

    def _each(self, table: int, index: int) -> list[int]:
        """The tables of a list; lists may share their entries, so all are counted."""
        found = self._tables.tables(table, index)
        self._parts += len(found)
        if self._parts > _MOST_PARTS:
            raise FormatError(f"more than {_MOST_PARTS} parts")
        return found

    def _graph(self, graph: int) -> None:
        for tensor in self._each(graph, _INITIALIZERS):
            self._tensor(tensor)
        for node in self._each(graph, _NODES):
            self._operator(self._tables.text(node, _DOMAIN), self._tables.text(node, _OPERATOR))
            for attribute in self._each(node, _ATTRIBUTES):
                self._attribute(attribute)
        if self._inner(graph, _OPTIMIZATIONS) is not None:
            self._notes.gap("ONNX Runtime: operators that a later optimization puts in")

    def _attribute(self, attribute: int) -> None:
        tensor, graph = self._inner(attribute, _TENSOR), self._inner(attribute, _SUBGRAPH)
        tensors = self._each(attribute, _TENSORS)
        for one in [*tensors, *([tensor] if tensor else [])]:
            self._tensor(one)
        self._graphs += [*self._each(attribute, _SUBGRAPHS), *([graph] if graph else [])]

    def _tensor(self, tensor: int) -> None:
        start, size = self._tables.vector(tensor, _RAW)
        if start + size > self._tables.reader.size:
            raise BoundsError(f"a tensor of {size} bytes at {start}")

    def _operator(self, domain: str, operator: str) -> None:
        if (domain, operator) in self._told:
            return
        self._told.add((domain, operator))
        evidence = f"{domain}::{operator}"
        if calls_python(domain, operator):
            message = "calls Python by an operator"
            self._notes.add("ort_python_op", Severity.MEDIUM, message, evidence)
        elif operator == "EPContext":
            self._notes.gap("ONNX Runtime: a part that is compiled for a device (EPContext)")
        elif is_foreign(domain, operator):
            message = "needs an operator that is not built in"
            self._notes.add("ort_custom_op", Severity.MEDIUM, message, evidence)
