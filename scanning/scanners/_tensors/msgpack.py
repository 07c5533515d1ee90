"""Flax checkpoints: msgpack, walked value by value; arrays are passed over.

Formats: https://github.com/msgpack/msgpack/blob/master/spec.md and
https://github.com/google/flax/blob/main/flax/serialization.py
"""

from __future__ import annotations

import re
from typing import BinaryIO

from scanning.scanners._tensors.notes import Notes
from scanning.scanners._tensors.reading import BoundsError, ByteReader, FormatError
from scanning.scanners.base import Rule, Severity

RULES = {
    "msgpack_invalid": Rule(
        "msgpack breaks its format", "https://cwe.mitre.org/data/definitions/130.html"
    ),
    "msgpack_objects": Rule(
        "An array of objects", "https://cwe.mitre.org/data/definitions/502.html"
    ),
    "msgpack_extension": Rule("msgpack with a type that Flax does not have"),
}
_MAX_VALUES = 5_000_000
_MAX_DEPTH = 64
_EXTENSIONS = frozenset({1, 2, 3})  # array, complex number, scalar
_FIXED = {0xC0: 0, 0xC2: 0, 0xC3: 0, 0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8,
          0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8}  # fmt: skip
_SIZED = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4}
_ARRAYS = {0xDC: 2, 0xDD: 4}
_MAPS = {0xDE: 2, 0xDF: 4}
_EXT_SIZED = {0xC7: 1, 0xC8: 2, 0xC9: 4}
_EXT_FIXED = {0xD4: 1, 0xD5: 2, 0xD6: 4, 0xD7: 8, 0xD8: 16}
_ARRAY_HEAD = 512
_OBJECT = re.compile(rb"\xa6object|\xa1O|\xa2[|<>=]O")
_MAP_HEAD = re.compile(
    # An array of spaCy's patterns; not of 5 to 8: those bytes begin pickles.
    rb"(?:[\x91-\x94\x99-\x9f]|\xdc..|\xdd....)?"
    rb"(?:[\x81-\x8f]|\xde..|\xdf....)(?:(?:[\xa1-\xbf]|\xd9.|\xda..)[ -~]|\xcf.{8})"
    rb"|[\x80\x90]\Z",
    re.DOTALL,
)


def looks_like_flax(head: bytes) -> bool:
    """A map, or an array of such, whose first key is a text or the hash of one; or an empty one."""
    return bool(_MAP_HEAD.match(head))


def examine_msgpack(stream: BinaryIO, notes: Notes) -> None:
    """Walk all values to the end of the file."""
    walk = _Walk(ByteReader(stream), notes)
    try:
        walk.run()
    except FormatError as error:
        message = "lies about its sizes or breaks its format"
        notes.add("msgpack_invalid", Severity.MEDIUM, message, str(error))


class _Walk:
    def __init__(self, reader: ByteReader, notes: Notes) -> None:
        self.reader = reader
        self.notes = notes

    def run(self) -> None:
        """`pending` holds how many values are still to come at each level."""
        pending, values = [1], 0
        while pending:
            if pending[-1] == 0:
                pending.pop()
                continue
            pending[-1] -= 1
            values += 1
            if values > _MAX_VALUES or len(pending) > _MAX_DEPTH:
                self.notes.gap("more values, or deeper, than are read")
                return
            inner = self._value()
            if inner > self.reader.left:
                raise BoundsError(f"{inner} values, {self.reader.left} bytes are left")
            pending.append(inner)
        if self.reader.left:
            raise FormatError(f"{self.reader.left} bytes behind the last value")

    def _number(self, size: int) -> int:
        return int.from_bytes(self.reader.take(size), "big")

    def _value(self) -> int:
        """Pass a value; how many values it contains."""
        mark = self.reader.take(1)[0]
        if mark <= 0x7F or mark >= 0xE0:  # noqa: PLR2004 small numbers
            return 0
        if mark <= 0x8F:  # noqa: PLR2004 a small map
            return 2 * (mark & 15)
        if mark <= 0x9F:  # noqa: PLR2004 a small array
            return mark & 15
        if mark <= 0xBF:  # noqa: PLR2004 a short text
            self.reader.skip(mark & 31)
            return 0
        return self._marked(mark)

    def _marked(self, mark: int) -> int:
        if mark in _ARRAYS:
            return self._number(_ARRAYS[mark])
        if mark in _MAPS:
            return 2 * self._number(_MAPS[mark])
        if mark in _FIXED:
            self.reader.skip(_FIXED[mark])
        elif mark in _SIZED:
            self.reader.skip(self._number(_SIZED[mark]))
        elif mark in _EXT_SIZED:
            self._extension(self._number(_EXT_SIZED[mark]))
        elif mark in _EXT_FIXED:
            self._extension(_EXT_FIXED[mark])
        else:
            raise FormatError(f"a value that begins with {mark:#x}")
        return 0

    def _extension(self, size: int) -> None:
        kind = self._number(1)
        end = self.reader.position + size
        if size > self.reader.left:
            raise BoundsError(f"{size} bytes at {self.reader.position}")
        if kind not in _EXTENSIONS:
            message = "has values of a type that Flax does not have"
            self.notes.add("msgpack_extension", Severity.MEDIUM, message, f"type {kind}")
        elif _OBJECT.search(self.reader.take(min(size, _ARRAY_HEAD))[:_ARRAY_HEAD]):
            message = "has an array of objects"
            self.notes.add("msgpack_objects", Severity.MEDIUM, message, "dtype object")
        self.reader.move(end)
