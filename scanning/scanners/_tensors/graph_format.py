"""What a kind of graph in protobuf is: its table of fields and what is looked for in it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from scanning.scanners._tensors.notes import Notes
from scanning.scanners._tensors.protobuf import Message, Schema, Span, Walker
from scanning.scanners._tensors.reading import ByteReader, FormatError


class GraphFormat(ABC):
    """One examination of one file as one format; messages come inner ones first."""

    name: ClassVar[str]
    root: ClassVar[str]
    schema: ClassVar[Schema]
    essence: ClassVar[tuple[int, ...]]  # fields of the root: without one it is something else

    def __init__(self, reader: ByteReader, notes: Notes) -> None:
        self.reader = reader
        self.notes = notes
        self.walker = Walker(reader, self.schema, self._visit)

    def examine(self) -> None:
        """Walk the whole file; FormatError where it is not this format."""
        message = self.walker.walk(self.root, Span(0, self.reader.size))
        self.finish(message)

    def _visit(self, message: Message) -> None:
        if message.unknown:
            numbers = ", ".join(map(str, sorted(message.unknown)[:5]))
            self.notes.gap(f"{self.name}: fields of {message.name} that are not known: {numbers}")
        self.visit(message)

    @abstractmethod
    def visit(self, message: Message) -> None:
        """Judge one message by its kept fields."""

    def finish(self, root: Message) -> None:
        """Judge what only the whole tells; FormatError where the format's essence is missing."""
        if not any(root.spans(number) for number in self.essence):
            raise FormatError("what makes it one is missing")
