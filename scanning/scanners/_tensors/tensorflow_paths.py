"""Which constant paths reach the operations of a graph that save to files or read from them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import NamedTuple

from scanning.scanners._tensors.paths import leads_away
from scanning.scanners._tensors.protobuf import Message, Schema, Span, Walker
from scanning.scanners._tensors.reading import ByteReader

# Every model has them for its own checkpoint; only a path that is fixed in the graph is odd.
_ACTING_WORDS = """
Save SaveV2 SaveSlices Restore RestoreV2 RestoreSlice MergeV2Checkpoints
InitializeTableFromTextFile InitializeTableFromTextFileV2
"""
ACTING = frozenset(_ACTING_WORDS.split())
# What hands a text on, whole or as a part.
_PASSING_WORDS = """
Const Identity IdentityN StringJoin Pack Reshape ExpandDims Squeeze ShardedFilename
ShardedFilespec Select SelectV2 Switch Merge ConcatV2 Cast PlaceholderWithDefault
Gather GatherV2 StridedSlice Fill Tile Substr RegexReplace StaticRegexReplace Split
StopGradient Snapshot StringStrip AsString
"""
_PASSING = frozenset(_PASSING_WORDS.split())
_CALLING = frozenset(
    {"PartitionedCall", "StatefulPartitionedCall", "If", "StatelessIf", "While", "StatelessWhile"}
)
# A text that a function is handed may be anything: only what is a path for sure counts.
_SURELY_PATH = re.compile(r"(?:/[\w.~-]+){2}|~/|\.\.[/\\]|[A-Za-z][\w+.-]*://|[A-Za-z]:\\")
_FILLING = "InitializeTable"
# Where an operation has the names of files: at its first input, but for these.
_FILE_INPUTS = {
    "MergeV2Checkpoints": slice(2),
    "InitializeTableFromTextFile": slice(1, 2),
    "InitializeTableFromTextFileV2": slice(1, 2),
}
_ORDER_ONLY = "^"
_MAX_NODES = 1_000_000
_MAX_STEPS = 200_000


class _Node(NamedTuple):
    """An operation that acts on paths, calls a function or hands texts on."""

    start: int
    name: str
    operation: str
    inputs: list[str]
    constants: list[Span]


@dataclass(frozen=True, slots=True)
class _Scope:
    """The nodes of one graph or function, in which a name is one node's."""

    nodes: list[_Node]
    is_function: bool

    def acting(self) -> Iterator[_Node]:
        return (one for one in self.nodes if one.operation in ACTING | _CALLING)

    def passing(self) -> dict[str, list[_Node]]:
        """By name; where a graph breaks that rule, all of them count."""
        found: dict[str, list[_Node]] = {}
        for one in self.nodes:
            if one.operation in _PASSING:
                found.setdefault(one.name, []).append(one)
        return found


@dataclass(slots=True)
class PathFlow:
    """Nodes that matter, as the walk meets them, in the scopes that they turn out to be of.

    `fed` are constants of a graph that a reader replaces by the place of an asset, while it fills
    tables.
    """

    fed: set[str] = field(default_factory=set)
    is_spent: bool = False
    has_acting: bool = False
    _count: int = 0
    _open: list[_Node] = field(default_factory=list)
    _scopes: list[_Scope] = field(default_factory=list)

    def take(self, message: Message) -> None:
        operation = message.text(2)
        if operation not in ACTING | _CALLING | _PASSING:
            return
        if self._count >= _MAX_NODES:
            self.is_spent = True
            return
        self._count += 1
        self.has_acting = self.has_acting or operation in ACTING
        spans = message.spans(5) if operation == "Const" else []
        name, inputs = message.text(1), message.texts(3)
        self._open.append(_Node(message.span.start, name, operation, inputs, spans))

    def close(self, span: Span, *, is_function: bool) -> None:
        """What was taken within the span is a graph, or a function, of its own."""
        first = bisect_left(self._open, span.start, key=lambda one: one.start)
        self._scopes.append(_Scope(self._open[first:], is_function))
        del self._open[first:]

    def found(self, reader: ByteReader, schema: Schema) -> Iterator[tuple[str, str]]:
        """Operations with the paths out of the model's folder that reach them."""
        position = reader.position
        for scope in self._scopes if self.has_acting else ():
            yield from self._found_in(scope, reader, schema)
        reader.move(position)

    def _found_in(
        self, scope: _Scope, reader: ByteReader, schema: Schema
    ) -> Iterator[tuple[str, str]]:
        passing = scope.passing()
        for node in scope.acting():
            is_call = node.operation in _CALLING
            is_fed = is_call or node.operation.startswith(_FILLING)
            fed = self.fed if is_fed and not scope.is_function else frozenset()
            is_path = _SURELY_PATH.match if is_call else leads_away
            for span in self._behind(_places(node), passing, fed):
                for text in _texts(reader, schema, span):
                    if is_path(text):
                        yield node.operation, text

    def _behind(
        self, inputs: list[str], passing: Mapping[str, list[_Node]], fed: Set[str]
    ) -> Iterator[Span]:
        pending, seen = list(inputs), set[str]()
        while pending:
            name = pending.pop().partition(":")[0]
            if name in seen or name in fed or name.startswith(_ORDER_ONLY):
                continue
            seen.add(name)
            if len(seen) > _MAX_STEPS:
                self.is_spent = True
                return
            for node in passing.get(name, ()):
                pending += node.inputs
                yield from node.constants


def _places(node: _Node) -> list[str]:
    """Its inputs that name files; what a function does with its own is not known here."""
    if node.operation in _CALLING:
        return node.inputs
    places = _FILE_INPUTS.get(node.operation, slice(1))
    return [one for one in node.inputs if not one.startswith(_ORDER_ONLY)][places]


def _texts(reader: ByteReader, schema: Schema, span: Span) -> list[str]:
    texts: list[str] = []

    def visit(message: Message) -> None:
        if message.name == "Tensor":
            texts.extend(message.texts(8))

    Walker(reader, schema, visit).walk("Entry", span)
    return texts
