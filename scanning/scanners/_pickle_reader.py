"""Read pickle opcodes as the C unpickler does, without pickletools' strictness about text.

Long constants stay in the file as a `Blob`, so that a 10 GB bytes object costs a seek.
"""

from __future__ import annotations

import os
import pickletools
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

KEPT_BYTES = 1024  # longer ones are no names that anybody needs: a name that is cut is a finding
_STEP = 64 * 1024
_COUNTED = {
    pickletools.TAKEN_FROM_ARGUMENT1: (1, False),
    pickletools.TAKEN_FROM_ARGUMENT4: (4, True),
    pickletools.TAKEN_FROM_ARGUMENT4U: (4, False),
    pickletools.TAKEN_FROM_ARGUMENT8U: (8, False),
}
_TWO_LINES = frozenset({"GLOBAL", "INST"})


class PickleFaultError(Exception):
    """The unpickler would stop here with an error. `cut` when only because the bytes end.

    `wanted` is the length that pointed past the end.
    """

    def __init__(self, message: str, offset: int, *, cut: bool = False, wanted: int = 0) -> None:
        super().__init__(message)
        self.offset = offset
        self.cut = cut
        self.wanted = wanted


@dataclass(frozen=True, slots=True)
class Blob:
    """A constant too long to keep: where it lies in the stream, and how a text is written there."""

    start: int
    size: int
    coding: str = ""


Argument = bytes | Blob


class Op(NamedTuple):  # millions are made: a tuple is cheaper than a frozen dataclass
    offset: int
    name: str
    argument: Argument
    second: Argument = b""  # the name in GLOBAL and INST


_OPCODES: dict[bytes, tuple[str, int]] = {
    code.code.encode("latin-1"): (code.name, code.arg.n if code.arg else 0)
    for code in pickletools.opcodes
}


class OpReader:
    """One forward pass over a seekable stream; `read` returns the next opcode."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.position = stream.tell()
        self.size = stream.seek(0, os.SEEK_END)
        self.opcode_at = self.position
        self._buffer = b""
        self._start = self.position  # where in the stream the buffer begins

    def read(self) -> Op:
        offset = self.opcode_at = self.position
        code = self.take(1)
        known = _OPCODES.get(code)
        if known is None:
            raise PickleFaultError(f"no opcode {code!r}", offset)
        name, size = known
        if size >= 0:
            return Op(offset, name, self.take(size) if size else b"")
        if size == pickletools.UP_TO_NEWLINE:
            first = self._line()
            return Op(offset, name, first, self._line() if name in _TWO_LINES else b"")
        width, signed = _COUNTED[size]
        length = int.from_bytes(self.take(width), "little", signed=signed)
        if length < 0:
            raise PickleFaultError("negative length", offset)
        return Op(offset, name, self._counted(length))

    def seek(self, position: int) -> None:
        if position < self._start:
            self._buffer, self._start = b"", position
        self.position = position

    def buffered(self) -> tuple[bytes, int]:
        """The bytes at hand, and where in them the next opcode is."""
        if self.position - self._start >= len(self._buffer):
            self._fill(1)
        return self._buffer, self.position - self._start

    def constant(self, blob: Blob) -> bytes:
        """The bytes of a constant that was too long to keep."""
        self.stream.seek(blob.start)
        return self.stream.read(blob.size)

    def take(self, size: int) -> bytes:
        at = self.position - self._start
        data = self._buffer[at : at + size]
        if len(data) != size:
            data = self._fill(size)[:size]
        if len(data) != size:
            raise PickleFaultError("the stream ends in an opcode", self.position, cut=True)
        self.position += size
        return data

    def skip(self, size: int) -> None:
        if size < 0 or self.position + size > self.size:
            message = "a length points past the end"
            raise PickleFaultError(message, self.position, cut=True, wanted=size)
        self.position += size

    def _fill(self, size: int) -> bytes:
        """Bytes from the position on; fewer than `size` only where the stream ends."""
        self.stream.seek(self.position)
        self._buffer = self.stream.read(max(size, _STEP))
        self._start = self.position
        return self._buffer

    def _counted(self, length: int) -> Argument:
        if length <= KEPT_BYTES:
            return self.take(length)
        blob = Blob(self.position, length)
        self.skip(length)
        return blob

    def _line(self) -> Argument:
        """A line without its last byte: where the stream ends in it, unpicklers cut it as well."""
        start = self.position
        kept = b""
        while True:
            buffer, at = self.buffered()
            end = buffer.find(b"\n", at) + 1
            piece = buffer[at : end or len(buffer)]
            kept = kept + piece if len(kept) <= KEPT_BYTES else kept
            self.position += len(piece)
            if end or not piece:
                break
        if self.position - start > KEPT_BYTES:
            return Blob(start, self.position - start - 1)
        return kept[:-1]
