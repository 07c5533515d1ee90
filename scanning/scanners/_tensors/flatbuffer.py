"""TensorFlow Lite, a flatbuffer: its operators, and that every table lies inside of the file.

Formats: https://flatbuffers.dev/internals/ and
https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/schema/schema.fbs
"""

from __future__ import annotations

import struct
from typing import BinaryIO

from scanning.scanners._tensors.notes import Notes
from scanning.scanners._tensors.reading import BoundsError, ByteReader, FormatError
from scanning.scanners._tensors.tensorflow import is_known, judge_operation
from scanning.scanners.base import Rule, Severity

MARK = b"TFL3"
RULES = {
    "tflite_custom_op": Rule(
        "TensorFlow Lite needs an operator that is not built in",
        "https://cwe.mitre.org/data/definitions/829.html",
    ),
    "tflite_invalid": Rule(
        "TensorFlow Lite breaks its format", "https://cwe.mitre.org/data/definitions/130.html"
    ),
}
_CUSTOM = 32
_CODES, _SUBGRAPHS, _BUFFERS = 1, 2, 4
_OLD_CODE, _NAME, _CODE = 0, 1, 3
_DATA, _OFFSET, _SIZE = 0, 1, 2
_MAX_ENTRIES = 1_000_000
_LONGEST_NAME = 4096
# Operators of TensorFlow's own task libraries.
_KNOWN_NAMES = """
TFLite_Detection_PostProcess Convolution2DTransposeBias MaxPoolingWithArgmax2D MaxUnpooling2D
Landmarks2TransformMatrix TransformTensorBilinear TransformLandmarks AudioSpectrogram Mfcc
NumericVerify TFSentencepieceTokenizeOp WhitespaceTokenizeWithOffsets RaggedTensorToTensor
"""
_KNOWN = frozenset(_KNOWN_NAMES.split())


class Tables:
    """Tables, vectors and texts by their places."""

    def __init__(self, reader: ByteReader) -> None:
        self.reader = reader

    def number(self, place: int, code: str) -> int:
        raw = self.reader.take_at(place, struct.calcsize(code))
        return int(struct.unpack(f"<{code}", raw)[0])

    def follow(self, place: int) -> int:
        return place + self.number(place, "I")

    def field(self, table: int, index: int) -> int | None:
        """Where a field of a table lies; None where it is left out."""
        entries = table - self.number(table, "i")
        size = self.number(entries, "H")
        at = 4 + 2 * index
        if at + 2 > size:
            return None
        offset = self.number(entries + at, "H")
        return table + offset if offset else None

    def vector(self, table: int, index: int) -> tuple[int, int]:
        """Place of the first entry and how many there are."""
        place = self.field(table, index)
        if place is None:
            return 0, 0
        start = self.follow(place)
        return start + 4, self.number(start, "I")

    def tables(self, table: int, index: int) -> list[int]:
        start, count = self.vector(table, index)
        if count > _MAX_ENTRIES or start + 4 * count > self.reader.size:
            raise BoundsError(f"{count} entries at {start}")
        return [self.follow(start + 4 * one) for one in range(count)]

    def text(self, table: int, index: int) -> str:
        start, size = self.vector(table, index)
        if size > _LONGEST_NAME:
            raise FormatError(f"a name of {size} bytes")
        return self.reader.take_at(start, size).decode("utf-8", "backslashreplace")


def examine_tflite(stream: BinaryIO, notes: Notes) -> None:
    """Note operators that reach out; buffers are checked against the file's size, not read."""
    try:
        _examine(Tables(ByteReader(stream)), notes)
    except FormatError as error:
        message = "lies about its sizes or breaks its format"
        notes.add("tflite_invalid", Severity.MEDIUM, message, str(error))


def _examine(tables: Tables, notes: Notes) -> None:
    root = tables.follow(0)
    if tables.reader.take_at(4, 4) != MARK:
        raise FormatError("it has no mark of TensorFlow Lite")
    for code in tables.tables(root, _CODES):
        _judge_code(tables, code, notes)
    if not tables.tables(root, _SUBGRAPHS):
        raise FormatError("a model without graphs")
    for buffer in tables.tables(root, _BUFFERS):
        _check_buffer(tables, buffer)


def _judge_code(tables: Tables, code: int, notes: Notes) -> None:
    first, second = tables.field(code, _OLD_CODE), tables.field(code, _CODE)
    old = tables.number(first, "b") if first is not None else 0
    new = tables.number(second, "i") if second is not None else 0
    name = tables.text(code, _NAME)
    if name.startswith("Flex"):
        operation = name.removeprefix("Flex")
        if not judge_operation(notes, operation, "TensorFlow Lite") and not is_known(operation):
            message = "needs an operator that is not built in"
            notes.add("tflite_custom_op", Severity.MEDIUM, message, name)
    elif (_CUSTOM in {old, new} or name) and name not in _KNOWN:
        message = "needs an operator that is not built in"
        notes.add("tflite_custom_op", Severity.MEDIUM, message, name)


def _check_buffer(tables: Tables, buffer: int) -> None:
    start, size = tables.vector(buffer, _DATA)
    if start + size > tables.reader.size:
        raise BoundsError(f"a buffer of {size} bytes at {start}")
    offset, length = tables.field(buffer, _OFFSET), tables.field(buffer, _SIZE)
    if offset is not None and length is not None:
        begin, size = tables.number(offset, "Q"), tables.number(length, "Q")
        if begin + size > tables.reader.size:
            raise BoundsError(f"a buffer of {size} bytes at {begin}")
