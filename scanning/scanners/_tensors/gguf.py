"""Hold a GGUF file to its format, from its header alone: counts, texts, types, places, sizes.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import prod
from typing import BinaryIO, NamedTuple

from core.ggml_types import TYPES
from scanning.scanners._jinja.parse import template_findings
from scanning.scanners._tensors.notes import Notes, note_zip_behind
from scanning.scanners._tensors.reading import BoundsError, ByteReader, FormatError
from scanning.scanners.base import Severity

_VERSIONS = (1, 2, 3)
_MAX_TENSORS = 1_000_000
_MAX_KEYS = 1_000_000
_MAX_DIMENSIONS = 4
_MAX_NESTING = 4
_LONGEST_NAME = 64 * 1024
_LONGEST_TEMPLATE = 2 * 1024 * 1024
_LIMIT = 1 << 63
_ALIGNMENT = 32
_STRING, _ARRAY = 8, 9
_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_UNSIGNED_32 = 4


class _Tensor(NamedTuple):
    offset: int
    size: int | None
    name: str


@dataclass(slots=True)
class _Walk:
    reader: ByteReader
    notes: Notes
    order: str = "<"
    version: int = 3
    alignment: int = _ALIGNMENT

    def number(self, code: str) -> int:
        raw = self.reader.take(struct.calcsize(code))
        return int(struct.unpack(self.order + code, raw)[0])

    @property
    def length(self) -> struct.Struct:
        """How counts and lengths are written: 32 bits in the first version, then 64."""
        return struct.Struct(self.order + ("I" if self.version == 1 else "Q"))

    def size(self) -> int:
        length = self.length
        return int(length.unpack(self.reader.take(length.size))[0])

    def text(self, longest: int, errors: str = "strict") -> str:
        length = self.size()
        if length > self.reader.left:
            raise BoundsError(f"a text of {length} bytes, {self.reader.left} are left")
        if length > longest:
            raise FormatError(f"a name of {length} bytes")
        raw = self.reader.take(length)
        try:
            return raw.decode("utf-8", errors)
        except UnicodeDecodeError as error:
            raise FormatError(f"a name that is no UTF-8: {raw[:60]!r}") from error

    def skip_text(self) -> None:
        self.reader.skip(self.size())


def examine_gguf(stream: BinaryIO, notes: Notes) -> None:
    """Note what is wrong with the file; no byte of a tensor is read."""
    walk = _Walk(ByteReader(stream), notes)
    try:
        _examine(walk)
    except FormatError as error:
        _invalid(notes, "lies about its sizes or breaks its format", str(error))
    note_zip_behind(stream, notes)


def _invalid(notes: Notes, message: str, evidence: str) -> None:
    notes.add("gguf_invalid", Severity.MEDIUM, message, evidence)


def _examine(walk: _Walk) -> None:
    if walk.reader.take(4) != b"GGUF":
        raise FormatError("it does not begin with GGUF")
    _read_version(walk)
    tensors, keys = walk.size(), walk.size()
    if keys > min(_MAX_KEYS, walk.reader.size) or tensors > min(_MAX_TENSORS, walk.reader.size):
        raise FormatError(f"{keys} keys and {tensors} tensors")
    _read_keys(walk, keys)
    found = [_read_tensor(walk) for _ in range(tensors)]
    if len({tensor.name for tensor in found}) != len(found):
        _invalid(walk.notes, "has two tensors of one name", "")
    _check_places(walk, found)


def _read_version(walk: _Walk) -> None:
    raw = walk.reader.take(4)
    for order, name in (("<", "little"), (">", "big")):
        version = struct.unpack(order + "I", raw)[0]
        if version in _VERSIONS:
            walk.order, walk.version = order, version
            if name == "big":
                walk.notes.add("gguf_big_endian", Severity.INFO, "is written in big-endian order")
            return
    raise FormatError(f"version {struct.unpack('<I', raw)[0]}")


def _read_keys(walk: _Walk, count: int) -> None:
    seen: set[str] = set()
    for _ in range(count):
        key = walk.text(_LONGEST_NAME)
        if key in seen:
            _invalid(walk.notes, "has the same key twice", key)
        seen.add(key)
        kind = walk.number("I")
        if kind == _STRING and "template" in key.lower():
            _read_template(walk, key)
        elif key == "general.alignment" and kind == _UNSIGNED_32:
            walk.alignment = walk.number("I")
            if not walk.alignment or walk.alignment & (walk.alignment - 1):
                raise FormatError(f"alignment {walk.alignment}")
        else:
            _skip_value(walk, kind, 0, is_template="template" in key.lower())


def _read_template(walk: _Walk, key: str) -> None:
    text = walk.text(_LONGEST_TEMPLATE, errors="replace")
    location = f"{walk.notes.location}!{key}" if walk.notes.location else key
    certain = key.startswith("tokenizer.chat_template")
    walk.notes.extend(template_findings(text, location, certain=certain))


def _skip_value(walk: _Walk, kind: int, depth: int, *, is_template: bool = False) -> None:
    if kind in _SIZES:
        walk.reader.skip(_SIZES[kind])
    elif kind == _STRING:
        walk.skip_text()
    elif kind == _ARRAY and depth < _MAX_NESTING:
        _skip_array(walk, depth, is_template=is_template)
    else:
        raise FormatError(f"a value of type {kind} at depth {depth}")


def _skip_array(walk: _Walk, depth: int, *, is_template: bool) -> None:
    kind, count = walk.number("I"), walk.size()
    if kind in _SIZES:
        walk.reader.skip(_SIZES[kind] * count)
        return
    if count > walk.reader.left:
        raise BoundsError(f"an array of {count} values, {walk.reader.left} bytes are left")
    if kind == _STRING and not is_template:
        walk.reader.skip_texts(count, walk.length)
        return
    for index in range(count):
        if kind == _STRING:
            _read_template(walk, f"templates {index}")
        else:
            _skip_value(walk, kind, depth + 1)


def _read_tensor(walk: _Walk) -> _Tensor:
    name = walk.text(_LONGEST_NAME)
    dimensions = walk.number("I")
    if dimensions > _MAX_DIMENSIONS:
        raise FormatError(f"tensor {name[:60]!r} has {dimensions} dimensions")
    shape = [walk.size() for _ in range(dimensions)]
    kind, offset = walk.number("I"), walk.number("Q")
    return _Tensor(offset, _tensor_size(walk, name, kind, shape), name)


def _tensor_size(walk: _Walk, name: str, kind: int, shape: list[int]) -> int | None:
    numbers = prod(shape)
    if numbers >= _LIMIT or any(one >= _LIMIT for one in shape):
        raise FormatError(f"tensor {name[:60]!r} has more numbers than can be counted")
    stored = TYPES.get(kind)
    if stored is None:
        walk.notes.gap(f"tensor {name[:60]!r} is of a type that is not known: {kind}")
        return None
    if shape and shape[0] % stored.block:
        raise FormatError(f"tensor {name[:60]!r}: rows of {shape[0]} in blocks of {stored.block}")
    return numbers // stored.block * stored.size


def _check_places(walk: _Walk, tensors: list[_Tensor]) -> None:
    """Tensors follow one another, each at a multiple of the alignment, to the end of the file."""
    position = 0
    for tensor in sorted(tensors, key=lambda one: one.offset):
        _check_place(walk, tensor, position)
        if tensor.size is None:
            return  # a gap already: where it ends is not known
        position = max(position, tensor.offset + tensor.size)
    start = _aligned(walk.reader.position, walk.alignment) if tensors else walk.reader.position
    end = start + position
    if end > walk.reader.size:
        raise BoundsError(f"tensors to {end}, the file ends at {walk.reader.size}")
    if walk.reader.size > _aligned(end, walk.alignment):
        evidence = f"{walk.reader.size - end} bytes"
        _invalid(walk.notes, "has bytes behind its last tensor", evidence)


def _check_place(walk: _Walk, tensor: _Tensor, position: int) -> None:
    if tensor.offset % walk.alignment:
        _invalid(walk.notes, "has a tensor at a place that is not aligned", tensor.name)
    if tensor.offset < position:
        _invalid(walk.notes, "has tensors that overlap", f"{tensor.name} at {tensor.offset}")
    elif tensor.offset > _aligned(position, walk.alignment):
        evidence = f"{tensor.offset - position} bytes before {tensor.name}"
        _invalid(walk.notes, "has bytes between its tensors that belong to none", evidence)


def _aligned(position: int, alignment: int) -> int:
    return -(-position // alignment) * alignment
