"""Which constant paths reach the operations of a graph that save to files or read from them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass, field

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
_MAX_NODES = 1_000_000
_MAX_STEPS = 200_000


@dataclass(slots=True)
class PathFlow:
    """Nodes that matter, by name: functions use a name again, so each has a list.

    `fed` are constants that a reader replaces by the place of an asset, while it fills tables.
    """

    fed: set[str] = field(default_factory=set)
    is_spent: bool = False
    has_acting: bool = False
    _acting: list[tuple[str, list[str]]] = field(default_factory=list)
    _passing: dict[str, list[tuple[list[str], list[Span]]]] = field(default_factory=dict)

    def take(self, message: Message) -> None:
        operation = message.text(2)
        if operation in ACTING | _CALLING:
            self.has_acting = self.has_acting or operation in ACTING
            self._acting.append((operation, message.texts(3)))
        elif operation in _PASSING:
            if len(self._passing) + len(self._acting) >= _MAX_NODES:
                self.is_spent = True
                return
            spans = message.spans(5) if operation == "Const" else []
            known = self._passing.setdefault(message.text(1), [])
            known.append((message.texts(3), spans))

    def found(self, reader: ByteReader, schema: Schema) -> Iterator[tuple[str, str]]:
        """Operations with the paths out of the model's folder that reach them."""
        position = reader.position
        for operation, inputs in self._acting if self.has_acting else ():
            is_call = operation in _CALLING
            fed = self.fed if is_call or operation.startswith(_FILLING) else frozenset()
            is_path = _SURELY_PATH.match if is_call else leads_away
            for span in self._behind(inputs, fed):
                for text in _texts(reader, schema, span):
                    if is_path(text):
                        yield operation, text
        reader.move(position)

    def _behind(self, inputs: list[str], fed: Set[str]) -> Iterator[Span]:
        pending, seen = list(inputs), set[str]()
        while pending:
            name = pending.pop().lstrip("^").partition(":")[0]
            if name in seen or name in fed:
                continue
            seen.add(name)
            if len(seen) > _MAX_STEPS:
                self.is_spent = True
                return
            for more, spans in self._passing.get(name, ()):
                pending += more
                yield from spans


def _texts(reader: ByteReader, schema: Schema, span: Span) -> list[str]:
    texts: list[str] = []

    def visit(message: Message) -> None:
        if message.name == "Tensor":
            texts.extend(message.texts(8))

    Walker(reader, schema, visit).walk("Entry", span)
    return texts
