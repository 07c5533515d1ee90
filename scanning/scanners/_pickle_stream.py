"""All pickles of one stream, one behind the other, and what lies between and behind them."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

from scanning.scanners._pickle_judge import Judge
from scanning.scanners._pickle_machine import MAX_FORK_OPS, Machine
from scanning.scanners._pickle_reader import Blob, OpReader, PickleFaultError
from scanning.scanners._pickle_starts import TOO_MANY, starts_in
from scanning.scanners._sniff import Kind, is_text, sniff
from scanning.scanners._window import Window
from scanning.scanners.base import HEAD_BYTES, MEBIBYTE, Severity

TORCH_MAGIC = 0x1950A86A20F9469CFC6C
TORCH_PICKLES = 5  # magic, protocol, system, object, storage keys; then raw storages
MAX_TEXT_LENGTH = 128 * MEBIBYTE
_MAX_STACKED = 100_000
_SEARCH_OPS = 2_000_000
_MAX_RESUMED = 4096
_COST_OF_A_START = 1000  # in opcodes: setting up, seeking and reading
_MAX_NESTED = 20
_CHUNK = 4 * MEBIBYTE
_OVERLAP = 512
_MAX_DECODED = 64 * MEBIBYTE
_SEARCHED = 64 * MEBIBYTE
_PADDING = b"\x00\r\n\t "


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
        if judge.calls and (judge.findings or judge.nested):
            return True
        if positive or not fault.cut or len(head) < HEAD_BYTES:
            return False
        return not (is_text(head) and fault.wanted > MAX_TEXT_LENGTH)
    return not positive or bool(judge.findings or judge.nested)


def examine_pickles(stream: BinaryIO, judge: Judge, *, raw_follows: bool = False) -> None:
    """Run every pickle from the current position to the end of the stream."""
    reader = OpReader(stream)
    for index in range(_MAX_STACKED):
        start = reader.position
        known = judge.reached_names
        machine = Machine(reader, judge)
        try:
            value = machine.run()
        except PickleFaultError as fault:
            judge.broke(str(fault), fault.offset)
            if index == 0 or judge.reached_names > known:
                judge.gap(f"{judge.location or 'file'}: offset {fault.offset}: {fault}")
            elif not raw_follows:
                _add_trailing(judge, start)
            _examine_rest(stream, machine, judge, start)
            break
        raw_follows = raw_follows or (index == 0 and type(value) is int and value == TORCH_MAGIC)
        if _is_only_padding(reader) or (raw_follows and index + 1 >= TORCH_PICKLES):
            break
    else:
        judge.gap(f"more than {_MAX_STACKED} pickles in one stream")
    _examine_nested(stream, judge)


def _add_trailing(judge: Judge, start: int) -> None:
    message = "has data behind its last pickle that is no pickle"
    judge.add("pickle_trailing_data", Severity.MEDIUM, message, f"offset {start}")


def _examine_rest(stream: BinaryIO, machine: Machine, judge: Judge, start: int) -> None:
    """Look past a fault: first on with the same stack and memo, then for other beginnings.

    The search goes from the start: a length that lies may have jumped over what it hides.
    """
    machine.judge = judge.speculative()
    machine.max_ops = machine.ops + MAX_FORK_OPS
    for _ in range(_MAX_RESUMED):
        machine.reader.seek(machine.reader.opcode_at + 1)
        try:
            machine.run()
        except PickleFaultError as fault:
            if fault.cut and machine.ops >= machine.max_ops:
                break
            if machine.reader.opcode_at + 1 >= machine.reader.size:
                break
    if not search_pickles(stream, judge.speculative(), start):
        judge.gap(f"{judge.location or 'file'}: more bytes than are searched for pickles")


def search_pickles(stream: BinaryIO, judge: Judge, start: int) -> bool:
    """Run whatever looks like the start of a pickle from `start` on; whether all could be."""
    left = _SEARCH_OPS
    for offset in _starts(stream, start):
        if offset < 0 or left <= 0:
            return False
        stream.seek(offset)
        machine = Machine(OpReader(stream), judge)
        machine.max_ops = min(MAX_FORK_OPS, left)
        with suppress(PickleFaultError):  # what it reached before is with the judge
            machine.run()
        left -= machine.ops + _COST_OF_A_START
    return True


def run_one(stream: BinaryIO, judge: Judge) -> bool:
    """Do what an unpickler would with bytes that are something else to their own reader.

    Whether it gets anywhere: to a call, or to the end. Text that happens to name something is not
    enough.
    """
    machine = Machine(OpReader(stream), judge)
    machine.max_ops = MAX_FORK_OPS
    try:
        machine.run()
    except PickleFaultError as fault:
        if fault.cut and machine.ops >= machine.max_ops:
            judge.gap(f"{judge.location or 'file'}: could be a pickle of more than is examined")
        elif not judge.calls:
            return False
    _examine_nested(stream, judge)
    return True


def _starts(stream: BinaryIO, start: int) -> Iterator[int]:
    """Offsets; TOO_MANY at the end when there is more than is searched."""
    position = start
    while position < start + _SEARCHED:
        stream.seek(position)
        chunk = stream.read(_CHUNK + _OVERLAP)
        for offset in starts_in(chunk):
            if offset == TOO_MANY:
                yield TOO_MANY
            elif offset < _CHUNK:
                yield position + offset
        if len(chunk) <= _CHUNK:
            return
        position += _CHUNK
    yield TOO_MANY


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
    depth = judge.location.count("bytes at ")
    if pending and depth >= _MAX_NESTED:
        judge.gap("pickles nested too deeply")
        return
    for offset, content in pending:
        where = f"{judge.location}!bytes at {offset}".lstrip("!")
        inside = _open_constant(stream, content)
        if inside is None:
            judge.gap(f"the text at offset {offset}, which stands for bytes, cannot be read")
            continue
        kind = sniff(inside.read(HEAD_BYTES))
        inside.seek(0)
        if kind in {Kind.ZIP, Kind.TAR}:
            judge.archives.append((where, inside))
        else:
            inner = type(judge)(where, judge.findings, judge.gaps, archives=judge.archives)
            examine_pickles(inside, inner)


def _open_constant(stream: BinaryIO, content: bytes | Blob) -> BinaryIO | None:
    if isinstance(content, bytes):
        return io.BytesIO(content)
    window = io.BufferedReader(Window(stream, content.start, content.size))
    return _bytes_of_text(window, content) if content.coding else window


def _bytes_of_text(window: BinaryIO, text: Blob) -> BinaryIO | None:
    """Bytes for the characters of a text; None where it has others, or is too long to hold."""
    if text.size > _MAX_DECODED:
        return None
    decoder = codecs.getincrementaldecoder(text.coding)()
    made = io.BytesIO()
    try:
        while piece := window.read(_CHUNK):
            made.write(decoder.decode(piece).encode("latin-1"))
        made.write(decoder.decode(b"", final=True).encode("latin-1"))
    except UnicodeError:
        return None
    made.seek(0)
    return made
