"""Weights that are a number of parts, each with its length: the rest of the usual forms.

Formats: https://github.com/OpenNMT/CTranslate2 (specs/model_spec.py),
https://github.com/PaddlePaddle/Paddle (lod_tensor.cc),
https://github.com/apache/mxnet (ndarray.cc),
https://github.com/apple/coremltools (MILBlob/Blob/StorageFormat.hpp),
https://www.tensorflow.org/tutorials/load_data/tfrecord
"""

from __future__ import annotations

import re
import struct
from math import prod

from scanning.scanners._tensors.reading import ByteReader, FormatError
from scanning.scanners._tensors.weight_form import UnreadError, WeightForm, bounded

_U8, _U16, _U32, _U64 = (struct.Struct(f"<{code}") for code in "BHIQ")
_MOST = 1_000_000
_MOST_DIMENSIONS = 32


def _count(reader: ByteReader, form: struct.Struct, most: int = _MOST) -> int:
    (number,) = reader.unpack(form)
    if number > most:
        raise FormatError(f"{number}, and {most} is the most")
    return number


class CTranslate2(WeightForm):
    name = "CTranslate2"
    _SPEC = re.compile(rb"[\x02-\x0f]\x00{3}.\x00[A-Za-z0-9]{1,200}Spec\x00", re.DOTALL)
    _TYPED, _WITH_ALIASES, _NEWEST = 4, 3, 6

    def begins(self, head: bytes) -> bool:
        return bool(self._SPEC.match(head))

    def walk(self, reader: ByteReader) -> None:
        (version,) = reader.unpack(_U32)
        if version > self._NEWEST:
            raise UnreadError(f"version {version}")
        self._text(reader)
        reader.skip(_U32.size)  # revision
        for _ in range(_count(reader, _U32)):
            self._text(reader)
            reader.skip(_U32.size * reader.unpack(_U8)[0])
            (width,) = reader.unpack(_U8)
            (length,) = reader.unpack(_U32)
            reader.skip(length if version >= self._TYPED else length * width)
        aliases = _count(reader, _U32) if version >= self._WITH_ALIASES else 0
        for _ in range(2 * aliases):
            self._text(reader)

    def _text(self, reader: ByteReader) -> None:
        reader.skip(reader.unpack(_U16)[0])


class PaddleParameters(WeightForm):
    """Tensors one behind the other (.pdiparams); each says its type and sides in protobuf."""

    name = "PaddlePaddle parameters"
    _BEGINS = re.compile(
        rb"\x00{4}[\x00-\x08]\x00{7}\x00{4}([\x04-\xff])\x00{3}\x08.(?:\x10|\x12)", re.DOTALL
    )
    _WIDTHS = {0: 1, 1: 2, 2: 4, 3: 8, 4: 2, 5: 4, 6: 8, 20: 1, 21: 1, 22: 2, 23: 8, 24: 16}
    _MOST_LEVELS, _LONGEST = 8, 4096

    def begins(self, head: bytes) -> bool:
        return bool(self._BEGINS.match(head))

    def walk(self, reader: ByteReader) -> None:
        count = 0
        while reader.left:
            count = bounded(count + 1, _MOST)
            self._tensor(reader)

    def _tensor(self, reader: ByteReader) -> None:
        if reader.unpack(_U32)[0]:
            raise FormatError("a version that is not zero")
        for _ in range(_count(reader, _U64, self._MOST_LEVELS)):
            reader.skip(reader.unpack(_U64)[0])
        if reader.unpack(_U32)[0]:
            raise FormatError("a tensor's version that is not zero")
        kind, sides = _described(reader.take(_count(reader, _U32, self._LONGEST)))
        if kind not in self._WIDTHS:
            raise FormatError(f"a tensor of the type {kind}")
        reader.skip(prod(sides) * self._WIDTHS[kind])


def _described(data: bytes) -> tuple[int, list[int]]:
    """The type and sides in a description: varints alone, one by one or packed."""
    kind, sides, at = -1, [], 0
    while at < len(data):
        mark = data[at]
        value, at = _varint(data, at + 1)
        if mark == 0x08:  # noqa: PLR2004 the type
            kind = value
        elif mark == 0x10:  # noqa: PLR2004 one side
            sides.append(value)
        elif mark == 0x12:  # noqa: PLR2004 all sides
            end = at + value
            while at < min(end, len(data)):
                side, at = _varint(data, at)
                sides.append(side)
        else:
            raise FormatError(f"a description with the field {mark >> 3}")
    return kind, sides


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 63, 7):
        if at >= len(data):
            break
        value |= (data[at] & 127) << shift
        at += 1
        if data[at - 1] < 128:  # noqa: PLR2004 the last byte of a number
            return value, at
    raise FormatError("a number without an end")


class MxnetParameters(WeightForm):
    """Arrays, then their names (.params)."""

    name = "MXNet parameters"
    _MAGIC = struct.pack("<2Q", 0x112, 0)
    _ARRAYS = frozenset({0xF993FAC9, 0xF993FACA})  # the second and third form
    _WIDTHS = {0: 4, 1: 8, 2: 2, 3: 1, 4: 4, 5: 1, 6: 8, 7: 1, 8: 2, 9: 2, 10: 4, 11: 8, 12: 2}

    def begins(self, head: bytes) -> bool:
        return head.startswith(self._MAGIC)

    def walk(self, reader: ByteReader) -> None:
        reader.skip(len(self._MAGIC))
        arrays = _count(reader, _U64)
        for _ in range(arrays):
            self._array(reader)
        names = _count(reader, _U64)
        if names not in {0, arrays}:
            raise FormatError(f"{names} names of {arrays} arrays")
        for _ in range(names):
            reader.skip(reader.unpack(_U64)[0])

    def _array(self, reader: ByteReader) -> None:
        if reader.unpack(_U32)[0] not in self._ARRAYS:
            raise UnreadError("an array of the first form")
        (storage,) = reader.unpack(struct.Struct("<i"))
        if storage not in {-1, 0}:
            raise UnreadError("a sparse array")
        dimensions = _count(reader, _U32, _MOST_DIMENSIONS)
        sides = struct.unpack(f"<{dimensions}q", reader.take(8 * dimensions))
        if not dimensions:
            return
        reader.skip(2 * _U32.size)  # where it was
        (kind,) = reader.unpack(_U32)
        if kind not in self._WIDTHS or min(sides) < 0:
            raise FormatError(f"an array of the type {kind} with the sides {sides}")
        reader.skip(prod(sides) * self._WIDTHS[kind])


class CoreMlWeights(WeightForm):
    """weight.bin of a Core ML package: blocks of 64 bytes that tell where the numbers lie."""

    name = "Core ML weights"
    _HEADER, _SENTINEL, _VERSION = 64, 0xDEADBEEF, 2
    _ENTRY = struct.Struct("<2I3Q")
    _EMPTY = bytes(56)

    def begins(self, head: bytes) -> bool:
        if len(head) < self._HEADER + _U32.size:
            return False
        count, version = struct.unpack("<2I", head[:8])
        mark = _U32.unpack_from(head, self._HEADER)[0]
        is_empty = head[8 : self._HEADER] == self._EMPTY
        return bool(count and version == self._VERSION and mark == self._SENTINEL and is_empty)

    def walk(self, reader: ByteReader) -> None:
        count = _count(reader, _U32)
        reader.move(self._HEADER)
        for _ in range(count):
            sentinel, _, size, offset, _ = reader.unpack(self._ENTRY)
            reader.skip(self._HEADER - self._ENTRY.size)
            if sentinel != self._SENTINEL or offset != reader.position:
                raise FormatError(f"a block at {reader.position} that is none")
            reader.skip(size)
            reader.skip_zeros(min(-reader.position % self._HEADER, reader.left))


class TensorboardEvents(WeightForm):
    """What a training told TensorBoard: records with their length, and its sum, before them."""

    name = "TensorBoard events"
    _FIRST = re.compile(rb".{8}.{4}\x09.{8}.{0,16}\x1a\rbrain\.Event:", re.DOTALL)
    _HEAD = struct.Struct("<QI")

    def begins(self, head: bytes) -> bool:
        return bool(self._FIRST.match(head))

    def walk(self, reader: ByteReader) -> None:
        count = 0
        while reader.left:
            count = bounded(count + 1, 5 * _MOST)
            raw = reader.take(_U64.size)
            (length,) = _U64.unpack(raw)
            if reader.unpack(_U32)[0] != _masked_sum(raw):
                raise FormatError(f"a record at {reader.position} with another sum")
            reader.skip(length)
            reader.skip(_U32.size)


_POLYNOMIAL = 0x82F63B78


def _row(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)
    return byte


_TABLE = tuple(map(_row, range(256)))


def _masked_sum(data: bytes) -> int:
    """CRC-32C, turned and shifted as TensorFlow's records have it."""
    total = 0xFFFFFFFF
    for byte in data:
        total = _TABLE[(total ^ byte) & 255] ^ total >> 8
    total ^= 0xFFFFFFFF
    return ((total >> 15 | total << 17) + 0xA282EAD8) & 0xFFFFFFFF
