"""Read the header of a .npy file without numpy: is an array of objects (a pickle) behind it?"""

from __future__ import annotations

import ast
import math
import re
from dataclasses import dataclass
from typing import BinaryIO

MAGIC = b"\x93NUMPY"
_MAX_HEADER = 1024 * 1024
_KEYS = frozenset({"descr", "fortran_order", "shape"})
_SHORT_VERSION = 1
_LAST_VERSION = 3
_PLAIN = re.compile(r"[<>|=]?([biufcmMSUV?])(\d+)(?:\[.*\])?\Z")
_UNICODE_WIDTH = 4


_LONG = re.compile(r"(?<![\w'\"])(\d+)L(?=[,)\s])")


@dataclass(frozen=True, slots=True)
class NumpyHeader:
    has_objects: bool
    data_size: int | None = None  # None where the type is not a plain one


def read_numpy_header(stream: BinaryIO) -> NumpyHeader:
    """Leave the stream behind the header; ValueError when numpy would refuse it."""
    prefix = stream.read(len(MAGIC) + 2)
    if len(prefix) != len(MAGIC) + 2 or not prefix.startswith(MAGIC):
        raise ValueError("not a .npy file")
    version = prefix[-2]
    if not _SHORT_VERSION <= version <= _LAST_VERSION:
        raise ValueError(f"unknown .npy version {version}")
    length = int.from_bytes(stream.read(2 if version == _SHORT_VERSION else 4), "little")
    if length > _MAX_HEADER:
        raise ValueError(f"a header of {length} bytes")
    text = stream.read(length)
    if len(text) != length:
        raise ValueError("the header is cut short")
    header = _parse(text)
    return NumpyHeader(_has_objects(header["descr"]), _data_size(header["descr"], header["shape"]))


def _data_size(descr: object, shape: object) -> int | None:
    sizes = shape if isinstance(shape, tuple) else (None,)
    if not all(type(size) is int and size >= 0 for size in sizes):
        raise ValueError("a shape that is no sizes")
    match = _PLAIN.match(descr) if isinstance(descr, str) else None
    if match is None:
        return None
    return int(match[2]) * (_UNICODE_WIDTH if match[1] == "U" else 1) * math.prod(sizes)


def _parse(text: bytes) -> dict[str, object]:
    try:
        # Python 2 wrote its long integers with a letter, which numpy takes away too.
        plain = _LONG.sub(r"\1", text.decode("latin-1").strip())
        header = ast.literal_eval(plain)
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise ValueError("the header is no Python literal") from error
    if not isinstance(header, dict) or set(header) != _KEYS:
        raise ValueError("the header has other keys than numpy's")
    return header


def _has_objects(descr: object) -> bool:
    """Whether any part of the type says object; cautious where numpy's grammar is wide."""
    if isinstance(descr, str):
        return _PLAIN.match(descr) is None  # a type that is not known could be anything
    if isinstance(descr, list | tuple):
        return any(_has_objects(part) for part in _types(descr))
    return True


def _types(descr: list[object] | tuple[object, ...]) -> list[object]:
    if isinstance(descr, list):  # fields: (name, type) or (name, type, shape)
        return [part[1] if isinstance(part, tuple) and len(part) > 1 else "O" for part in descr]
    return [descr[0]] if descr else ["O"]  # (base type, shape)
