"""ggml before GGUF: speech models of whisper.cpp, old language models, importance matrices.

Formats: https://github.com/ggml-org/whisper.cpp (whisper_model_load), https://github.com/ggml-org/ggml
(examples before GGUF), https://github.com/ggml-org/llama.cpp (llama.cpp and imatrix.cpp of 2023).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from itertools import product
from math import prod
from typing import NamedTuple

from core.ggml_types import TYPES
from scanning.scanners._tensors.reading import ByteReader, FormatError
from scanning.scanners._tensors.weight_form import UnreadError, WeightForm

_MAGIC = struct.Struct("<I")
_COUNT = struct.Struct("<i")
_LENGTH = struct.Struct("<I")
_TENSOR = struct.Struct("<3i")
_PLAIN, _SCORED, _ALIGNED = b"lmgg", b"fmgg", b"tjgg"
_ALIGNMENT = 32
_SETTINGS = range(5, 13)
_WHISPER_SETTINGS = 11
_MOST_WORDS, _LONGEST_WORD = 300_000, 1 << 16
_MOST_TENSORS = 20_000
_MOST_DIMENSIONS, _LONGEST_NAME = 4, 512
_FLOAT = 4
# Blocks had other sizes before May 2023: numbers in one, and its bytes.
_FIRST = {0: (1, 4), 1: (1, 2), 2: (32, 20), 3: (32, 24), 4: (16, 10), 5: (16, 12), 6: (32, 22),
          7: (32, 24), 8: (32, 36), 9: (32, 40)}  # fmt: skip
_IMATRIX = re.compile(rb"[ -~]+\Z")


class _Layout(NamedTuple):
    """How one of the many programs laid out its file."""

    settings: int
    has_count: bool
    sizes: dict[int, tuple[int, int]]
    has_filters: bool = False


class OldGgml(WeightForm):
    """Settings, a vocabulary, tensors to the end. How many settings there are, no file says.

    So each way is tried; that all lengths lead to the very end of the file decides.
    """

    name = "ggml"

    def begins(self, head: bytes) -> bool:
        return head.startswith((_PLAIN, _SCORED, _ALIGNED))

    def walk(self, reader: ByteReader) -> None:
        magic = reader.take(len(_PLAIN))
        faults = []
        for layout in _layouts():
            reader.move(len(magic))
            try:
                _walk(reader, magic, layout)
            except FormatError as error:
                faults.append((reader.position, str(error)))
            else:
                return
        raise UnreadError(f"in no layout that is known: {max(faults)[1]}")


def _layouts() -> Iterator[_Layout]:
    now = {number: (kind.block, kind.size) for number, kind in TYPES.items()}
    for sizes, has_count in product((now, _FIRST), (True, False)):
        yield _Layout(_WHISPER_SETTINGS, has_count, sizes, has_filters=True)
        for settings in _SETTINGS:
            yield _Layout(settings, has_count, sizes)


def _walk(reader: ByteReader, magic: bytes, layout: _Layout) -> None:
    if magic != _PLAIN:
        reader.skip(_COUNT.size)  # the version
    settings = struct.unpack(f"<{layout.settings}i", reader.take(4 * layout.settings))
    if min(settings) < 0:
        raise FormatError("a setting below zero")
    if layout.has_filters:
        bins, length = reader.unpack(struct.Struct("<2i"))
        reader.skip(_bounded(bins, _MOST_WORDS) * _bounded(length, _MOST_WORDS) * _FLOAT)
    words = reader.unpack(_COUNT)[0] if layout.has_count else settings[0]
    for _ in range(_bounded(words, _MOST_WORDS)):
        reader.skip(_bounded(reader.unpack(_LENGTH)[0], _LONGEST_WORD))
        reader.skip(0 if magic == _PLAIN else _FLOAT)
    if not reader.left:
        raise FormatError("no tensors")
    for _ in range(_MOST_TENSORS):
        if not reader.left:
            return
        _pass_tensor(reader, layout, is_aligned=magic == _ALIGNED)
    raise FormatError(f"more than {_MOST_TENSORS} tensors")


def _pass_tensor(reader: ByteReader, layout: _Layout, *, is_aligned: bool) -> None:
    dimensions, name, kind = reader.unpack(_TENSOR)
    if not 0 <= dimensions <= _MOST_DIMENSIONS or kind not in layout.sizes:
        raise FormatError(f"a tensor of {dimensions} dimensions and the type {kind}")
    sides = struct.unpack(f"<{dimensions}i", reader.take(4 * dimensions))
    reader.skip(_bounded(name, _LONGEST_NAME))
    if is_aligned:
        reader.skip_zeros(-reader.position % _ALIGNMENT)
    numbers, size = layout.sizes[kind]
    if min(sides, default=0) < 0 or prod(sides) % numbers:
        raise FormatError(f"a tensor with the sides {sides}")
    reader.skip(prod(sides) // numbers * size)


def _bounded(number: int, most: int) -> int:
    if not 0 <= number <= most:
        raise FormatError(f"{number}, and {most} is the most")
    return number


class Imatrix(WeightForm):
    """How much each column of a layer matters, as llama.cpp wrote it before it took GGUF."""

    name = "importance matrix"
    _MOST = 100_000

    def begins(self, head: bytes) -> bool:
        if len(head) < 2 * _COUNT.size:
            return False
        entries, length = struct.unpack("<2i", head[:8])
        name = head[8 : 8 + length] if 0 < length <= _LONGEST_NAME else b""
        return (
            0 < entries <= self._MOST and name.endswith(b".weight") and bool(_IMATRIX.match(name))
        )

    def walk(self, reader: ByteReader) -> None:
        (entries,) = reader.unpack(_COUNT)
        for _ in range(entries):
            reader.skip(_bounded(reader.unpack(_COUNT)[0], _LONGEST_NAME))
            _, values = reader.unpack(struct.Struct("<2i"))
            reader.skip(_bounded(values, 1 << 28) * _FLOAT)
        if reader.left:
            reader.skip(_COUNT.size)  # which chunk was the last
            reader.skip(_bounded(reader.unpack(_COUNT)[0], 1 << 16))  # the name of its text
