"""Where in arbitrary bytes a pickle could begin that imports something. Linear in the bytes.

Each search is anchored where few bytes fit, an opcode that imports or the end of a line, and looks
back from there for no more than two names: a pattern that reads forward is slow on hostile bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

LONGEST_NAME = 120
_BACK = 2 * (LONGEST_NAME + 16)
_PROTO = re.compile(rb"\x80[\x00-\x05]")
_NAME = re.compile(rb"[A-Za-z_][\w.]{0,%d}\Z" % LONGEST_NAME)
_TEXT = re.compile(rb"(?:\x8c|U|X(?=.\x00\x00\x00)|T(?=.\x00\x00\x00))(.)", re.DOTALL)
_MEMO = re.compile(rb"(?:\x94|q.|r....)?", re.DOTALL)
_STACK_GLOBAL = 0x93
_WIDE = frozenset(b"XT")
_FIRST = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
_IN_NAMES = _FIRST | frozenset(b"0123456789.")
_MAX_LOOKED = 1_000_000  # looked at in one chunk; ordinary bytes have a tenth of that
TOO_MANY = -1


def starts_in(chunk: bytes) -> Iterator[int]:
    """Offsets in the chunk, not in order; TOO_MANY at the end where it is not searched whole."""
    for match in _PROTO.finditer(chunk):
        yield match.start()
    yield from _globals_by_line(chunk)
    yield from _globals_by_stack(chunk)


def _globals_by_line(chunk: bytes) -> Iterator[int]:
    """GLOBAL and INST: an opcode and a name up to the end of a line, and a line that is a name."""
    begin = looked = 0
    end = chunk.find(b"\n")
    while end >= 0:
        after = chunk.find(b"\n", end + 1)
        if 0 < after - end - 1 <= LONGEST_NAME and _NAME.match(chunk[end + 1 : after]):
            for at in _opcodes_before(chunk, max(begin, end - LONGEST_NAME - 1), end):
                looked += 1
                if looked > _MAX_LOOKED:
                    yield TOO_MANY
                    return
                yield at
        begin, end = end + 1, after


def _opcodes_before(chunk: bytes, begin: int, end: int) -> Iterator[int]:
    """Every opcode that what follows it on the line is a name for: no shorter one hides another."""
    at = end - 1
    while at > begin and chunk[at] in _IN_NAMES:
        at -= 1
        if chunk[at] in b"ci" and chunk[at + 1] in _FIRST:
            yield at


def _globals_by_stack(chunk: bytes) -> Iterator[int]:
    """STACK_GLOBAL behind two short texts that are names."""
    at = chunk.find(_STACK_GLOBAL)
    looked = 0
    while at >= 0:
        begin = max(0, at - _BACK)
        for match in _TEXT.finditer(chunk, begin, at):
            looked += 1
            if looked > _MAX_LOOKED:
                yield TOO_MANY
                return
            behind_module = _behind_text(chunk, match.start())
            if behind_module and _behind_text(chunk, behind_module) == at:
                yield match.start()
        at = chunk.find(_STACK_GLOBAL, at + 1)


def _behind_text(chunk: bytes, at: int) -> int:
    """Where the opcode behind a text and its memo is; 0 when there is no text that is a name."""
    match = _TEXT.match(chunk, at)
    if match is None:
        return 0
    start = at + (5 if chunk[at] in _WIDE else 2)
    end = start + match[1][0]
    if not _NAME.match(chunk[start:end]):
        return 0
    memo = _MEMO.match(chunk, end)
    return memo.end() if memo else end
