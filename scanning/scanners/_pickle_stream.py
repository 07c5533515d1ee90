"""All pickles of one stream, one behind the other, and what lies between and behind them."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from typing import BinaryIO

from scanning.scanners._pickle_judge import Judge
from scanning.scanners._pickle_machine import MAX_FORK_OPS, Machine
from scanning.scanners._pickle_reader import Blob, OpReader, PickleFaultError
from scanning.scanners._sniff import is_text
from scanning.scanners.base import HEAD_BYTES, MEBIBYTE, Finding, Severity

TORCH_MAGIC = 0x1950A86A20F9469CFC6C
TORCH_PICKLES = 5  # magic, protocol, system, object, storage keys; then raw storages
MAX_TEXT_LENGTH = 128 * MEBIBYTE
_MAX_STACKED = 100_000
_MAX_STARTS = 512
_MAX_NESTED = 20
_CHUNK = 4 * MEBIBYTE
_OVERLAP = 512
_PADDING = b"\x00\r\n\t "
_STARTS = re.compile(
    rb"\x80[\x00-\x05]"
    rb"|[ci][A-Za-z_][\w.]{0,120}\n[A-Za-z_][\w.]{0,120}\n"
    rb"|(?:\x8c.|X.\x00\x00\x00|U.)[A-Za-z_][\w.]{1,120}?(?:\x94|q.)?"
    rb"(?:\x8c.|X.\x00\x00\x00|U.)[A-Za-z_][\w.]{1,120}?(?:\x94|q.)?\x93",
    re.DOTALL,
)


def looks_like_pickle(head: bytes, *, positive: bool = False) -> bool:
    """Whether an unpickler would get anywhere with a file that starts so.

    `positive` says that the head is known to be something else: then only a call or a dangerous
    name counts, not merely that no error came up so far.
    """
    judge = Judge("", is_speculative=True)
    machine = Machine(OpReader(io.BytesIO(head)), judge)
    machine.max_ops = MAX_FORK_OPS
    try:
        machine.run()
    except PickleFaultError as fault:
        if judge.calls and judge.findings:
            return True
        if positive or not fault.cut or len(head) < HEAD_BYTES:
            return False
        return not (is_text(head) and fault.wanted > MAX_TEXT_LENGTH)
    return not positive or bool(judge.findings)


def examine_pickles(stream: BinaryIO, judge: Judge, *, raw_follows: bool = False) -> None:
    """Run every pickle from the current position to the end of the stream."""
    reader = OpReader(stream)
    for index in range(_MAX_STACKED):
        start = reader.position
        known = judge.reached_names
        try:
            value = Machine(reader, judge).run()
        except PickleFaultError as fault:
            if index == 0 or judge.reached_names > known:
                judge.gap(f"{judge.location or 'file'}: offset {fault.offset}: {fault}")
            elif not raw_follows:
                _add_trailing(judge, start)
            # Not from the fault on: a length that lies may have jumped over what it hides.
            search_pickles(stream, judge.speculative(), start)
            break
        raw_follows = raw_follows or (index == 0 and type(value) is int and value == TORCH_MAGIC)
        if _is_only_padding(reader) or (raw_follows and index + 1 >= TORCH_PICKLES):
            break
    else:
        judge.gap(f"more than {_MAX_STACKED} pickles in one stream")
    _examine_nested(stream, judge)


def _add_trailing(judge: Judge, start: int) -> None:
    message = "has data behind its last pickle that is no pickle"
    evidence = f"offset {start}"
    finding = Finding("pickle_trailing_data", Severity.MEDIUM, message, evidence, judge.location)
    judge.findings.setdefault((finding.rule, message), finding)


def search_pickles(stream: BinaryIO, judge: Judge, start: int) -> None:
    """Run whatever looks like the start of a pickle, wherever it lies from `start` on."""
    for count, offset in enumerate(_starts(stream, start)):
        if count >= _MAX_STARTS:
            return
        stream.seek(offset)
        machine = Machine(OpReader(stream), judge)
        machine.max_ops = MAX_FORK_OPS // (count + 1)
        try:
            machine.run()
        except PickleFaultError:
            continue  # what it reached before is with the judge


def _starts(stream: BinaryIO, start: int) -> Iterator[int]:
    position = start
    while position < start + 64 * _CHUNK:
        stream.seek(position)
        chunk = stream.read(_CHUNK + _OVERLAP)
        for match in _STARTS.finditer(chunk):
            if match.start() < _CHUNK:
                yield position + match.start()
        if len(chunk) <= _CHUNK:
            return
        position += _CHUNK


def _is_only_padding(reader: OpReader) -> bool:
    """At the end, or only zeros and white space are left (looked at as far as one chunk)."""
    rest = reader.size - reader.position
    if rest == 0:
        return True
    if rest > _CHUNK:
        return False
    reader.stream.seek(reader.position)
    return not reader.stream.read(rest).strip(_PADDING)


def _examine_nested(stream: BinaryIO, judge: Judge) -> None:
    """Pickles that a pickle hands to `torch.storage._load_from_bytes`."""
    pending, judge.nested = judge.nested, []
    depth = judge.location.count("!bytes at ")
    if pending and depth >= _MAX_NESTED:
        judge.gap("pickles nested too deeply")
        return
    for offset, content in pending:
        inner = type(judge)(f"{judge.location}!bytes at {offset}", judge.findings, judge.gaps)
        examine_pickles(_open_constant(stream, content), inner)


def _open_constant(stream: BinaryIO, content: bytes | Blob) -> BinaryIO:
    if isinstance(content, bytes):
        return io.BytesIO(content)
    return io.BufferedReader(Window(stream, content.start, content.size))


class Window(io.RawIOBase):
    """A part of a seekable stream as a stream of its own, without copying it."""

    def __init__(self, stream: BinaryIO, start: int, size: int) -> None:
        self._stream = stream
        self._start = start
        self._size = size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        size = max(0, min(len(buffer), self._size - self._position))
        self._stream.seek(self._start + self._position)
        data = self._stream.read(size)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)
