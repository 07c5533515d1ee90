"""The opcodes that fill large pickles, done straight from the buffer: a vocabulary has millions.

What is anything but plain is left to the machine's own way, which says what is wrong with it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Protocol

from scanning.scanners._pickle_memo import FARTHEST_MEMO, Memo
from scanning.scanners._pickle_reader import KEPT_BYTES, OpReader
from scanning.scanners._pickle_values import Bag, Value

_LONGEST = KEPT_BYTES + 16
_INT4 = struct.Struct("<i")
_SIZE4 = struct.Struct("<I")
_FLOAT8 = struct.Struct(">d")


class Stage(Protocol):
    """What of the machine is needed here."""

    reader: OpReader
    stack: list[Value]
    marks: list[int]
    memo: Memo
    ops: int
    max_ops: int


Step = Callable[[Stage, bytes, int], int]  # returns where the next opcode is; `at` when it is stuck


def sprint(machine: Stage) -> None:
    """Go on while opcodes are common and plain, and the buffer holds them whole."""
    buffer, at = machine.reader.buffered()
    begin = at
    last = len(buffer) - _LONGEST
    left = machine.max_ops - machine.ops
    count = 0
    while at < last and count < left:
        step = _STEPS[buffer[at]]
        if step is None:
            break
        after = step(machine, buffer, at)
        if after == at:
            break
        at = after
        count += 1
    machine.ops += count
    machine.reader.position += at - begin


def _short_text(machine: Stage, buffer: bytes, at: int) -> int:
    return _push_text(machine, buffer, at, at + 2, buffer[at + 1])


def _text(machine: Stage, buffer: bytes, at: int) -> int:
    size: int = _SIZE4.unpack_from(buffer, at + 1)[0]
    return _push_text(machine, buffer, at, at + 5, size) if size <= KEPT_BYTES else at


def _push_text(machine: Stage, buffer: bytes, at: int, start: int, size: int) -> int:
    end = start + size
    try:
        machine.stack.append(buffer[start:end].decode())
    except UnicodeDecodeError:
        return at
    return end


def _memoize(machine: Stage, buffer: bytes, at: int) -> int:
    if not _has_top(machine):
        return at
    machine.memo[len(machine.memo)] = machine.stack[-1]
    return at + 1


def _put(machine: Stage, buffer: bytes, at: int) -> int:
    if not _has_top(machine):
        return at
    machine.memo[buffer[at + 1]] = machine.stack[-1]
    return at + 2


def _long_put(machine: Stage, buffer: bytes, at: int) -> int:
    index: int = _SIZE4.unpack_from(buffer, at + 1)[0]
    if index > FARTHEST_MEMO or not _has_top(machine):
        return at
    machine.memo[index] = machine.stack[-1]
    return at + 5


def _has_top(machine: Stage) -> bool:
    return len(machine.stack) > (machine.marks[-1] if machine.marks else 0)


def _int1(machine: Stage, buffer: bytes, at: int) -> int:
    machine.stack.append(buffer[at + 1])
    return at + 2


def _int2(machine: Stage, buffer: bytes, at: int) -> int:
    machine.stack.append(buffer[at + 1] | buffer[at + 2] << 8)
    return at + 3


def _int4(machine: Stage, buffer: bytes, at: int) -> int:
    machine.stack.append(_INT4.unpack_from(buffer, at + 1)[0])
    return at + 5


def _float(machine: Stage, buffer: bytes, at: int) -> int:
    machine.stack.append(_FLOAT8.unpack_from(buffer, at + 1)[0])
    return at + 9


def _mark(machine: Stage, buffer: bytes, at: int) -> int:
    machine.marks.append(len(machine.stack))
    return at + 1


def _list(machine: Stage, buffer: bytes, at: int) -> int:
    machine.stack.append(Bag("list"))
    return at + 1


_PLAIN: dict[bytes, Step] = {
    b"\x8c": _short_text,
    b"X": _text,
    b"\x94": _memoize,
    b"q": _put,
    b"r": _long_put,
    b"K": _int1,
    b"M": _int2,
    b"J": _int4,
    b"G": _float,
    b"(": _mark,
    b"]": _list,
}
_STEPS: list[Step | None] = [_PLAIN.get(bytes([code])) for code in range(256)]
