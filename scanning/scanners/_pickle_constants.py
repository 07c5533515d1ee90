"""Opcodes that only push a constant: decoded as the C unpickler decodes them."""

from __future__ import annotations

import codecs
import re
import struct
from collections.abc import Callable
from dataclasses import replace

from scanning.scanners._pickle_reader import Argument, Blob, Op, PickleFaultError
from scanning.scanners._pickle_values import Bag, Opaque, Value

_INT_BYTES = 64
_ESCAPES = "raw-unicode-escape"
_MOST_DIGITS = 4301  # Python's own limit, and the L behind
_ANY_INTEGER = re.compile(rb"\s*[+-]?(0[xXoObB])?[0-9a-fA-F_]+L?\s*$")  # C parses with base 0


def text(argument: Argument, offset: int) -> Value:
    """A UTF-8 argument, or the blob itself when it is too long to be a name."""
    if isinstance(argument, Blob):
        return replace(argument, coding="utf-8")
    try:
        return argument.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise PickleFaultError("text is not UTF-8", offset) from error


def number(argument: Argument) -> int | None:
    """The integer in a text argument; None when it holds no number of a sane length."""
    if isinstance(argument, Blob) or len(argument) > _INT_BYTES:
        return None
    try:
        return int(argument.removesuffix(b"L"))
    except ValueError:
        return None


def _utf8(op: Op) -> Value:
    return text(op.argument, op.offset)


def _raw_bytes(op: Op) -> Value:
    return op.argument


def _latin(op: Op) -> Value:
    # Strings of protocols 0-2: the default encoding is ASCII, so names in them read as text.
    return op.argument if isinstance(op.argument, Blob) else op.argument.decode("latin-1")


def _quoted(op: Op) -> Value:
    if isinstance(op.argument, Blob):
        return op.argument
    quoted = op.argument.rstrip()
    if len(quoted) < len("''") or quoted[:1] != quoted[-1:] or quoted[:1] not in {b"'", b'"'}:
        raise PickleFaultError("a STRING opcode without quotes", op.offset)
    try:
        plain, _ = codecs.escape_decode(quoted[1:-1])
    except ValueError as error:
        raise PickleFaultError("a STRING opcode with a broken escape", op.offset) from error
    return str(plain.decode("latin-1"))


def _unicode_line(op: Op) -> Value:
    if isinstance(op.argument, Blob):
        return replace(op.argument, coding=_ESCAPES)
    try:
        return op.argument.decode(_ESCAPES)
    except UnicodeDecodeError as error:
        raise PickleFaultError("a UNICODE opcode with a broken escape", op.offset) from error


def _int_line(op: Op) -> Value:
    if op.name == "INT" and op.argument in {b"00", b"01"}:
        return op.argument == b"01"
    value = number(op.argument)
    if value is not None:
        return value
    if isinstance(op.argument, Blob) and op.argument.size > _MOST_DIGITS:
        raise PickleFaultError("a number of more digits than Python reads", op.offset)
    if isinstance(op.argument, Blob) or _ANY_INTEGER.match(op.argument):
        return Opaque("number")
    raise PickleFaultError("an integer opcode without a number", op.offset)


def _float_line(op: Op) -> Value:
    try:
        return op.argument if isinstance(op.argument, Blob) else float(op.argument)
    except ValueError as error:
        raise PickleFaultError("a FLOAT opcode without a number", op.offset) from error


def _fixed(op: Op) -> bytes:
    return op.argument if isinstance(op.argument, bytes) else b""


def _fixed_int(op: Op) -> Value:
    return int.from_bytes(_fixed(op), "little", signed=op.name == "BININT")


def _long(op: Op) -> Value:
    if isinstance(op.argument, bytes):
        return int.from_bytes(op.argument, "little", signed=True)
    return Opaque("long number")


def _binfloat(op: Op) -> Value:
    (value,) = struct.unpack(">d", _fixed(op))
    return float(value)


CONSTANTS: dict[str, Callable[[Op], Value]] = {
    "NONE": lambda _: None,
    "NEWTRUE": lambda _: True,
    "NEWFALSE": lambda _: False,
    "EMPTY_TUPLE": lambda _: (),
    "EMPTY_LIST": lambda _: Bag("list"),
    "EMPTY_DICT": lambda _: Bag("dict"),
    "EMPTY_SET": lambda _: Bag("set"),
    "NEXT_BUFFER": lambda _: Opaque("out-of-band buffer"),
    "SHORT_BINUNICODE": _utf8,
    "BINUNICODE": _utf8,
    "BINUNICODE8": _utf8,
    "SHORT_BINBYTES": _raw_bytes,
    "BINBYTES": _raw_bytes,
    "BINBYTES8": _raw_bytes,
    "BYTEARRAY8": _raw_bytes,
    "SHORT_BINSTRING": _latin,
    "BINSTRING": _latin,
    "STRING": _quoted,
    "UNICODE": _unicode_line,
    "INT": _int_line,
    "LONG": _int_line,
    "FLOAT": _float_line,
    "BININT": _fixed_int,
    "BININT1": _fixed_int,
    "BININT2": _fixed_int,
    "LONG1": _long,
    "LONG4": _long,
    "BINFLOAT": _binfloat,
}
