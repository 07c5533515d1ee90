"""Indexes of nearest neighbours: FAISS and hnswlib.

Formats: https://github.com/facebookresearch/faiss (impl/index_write.cpp),
https://github.com/nmslib/hnswlib (hnswalg.h, saveIndex)
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

from scanning.scanners._tensors.reading import ByteReader, FormatError
from scanning.scanners._tensors.weight_form import UnreadError, WeightForm, bounded

_U32, _I32, _U64 = struct.Struct("<I"), struct.Struct("<i"), struct.Struct("<Q")
_MOST_LISTS, _MOST_ELEMENTS = 1 << 20, 5_000_000
_DEEPEST = 8
_PLAIN_METRIC, _LAST_METRIC = 1, 64
_BYTE, _INT, _SIZE, _FLOAT, _PAIR = 1, 4, 8, 4, 16
_HASHED = 2


class Faiss(WeightForm):
    """One index within another, each a mark of four letters, its settings, its numbers.

    Inverted lists that lie in another file name it, and their reader opens it: not read here.
    """

    name = "FAISS"
    _BEGINS = re.compile(
        rb"I[xwHNm][A-Za-z0-9]{2}.{12}(?:\x00\x00\x10\x00{5}){2}[\x00\x01].{4}", re.DOTALL
    )

    def begins(self, head: bytes) -> bool:
        return bool(self._BEGINS.match(head))

    def walk(self, reader: ByteReader) -> None:
        _Index(reader).read(0)


class _Index:
    """The reading of one index; those within it are read one level deeper."""

    def __init__(self, reader: ByteReader) -> None:
        self._reader = reader
        self._inner: dict[bytes, Callable[[int], None]] = {
            b"IxMp": self._mapped,
            b"IxM2": self._mapped,
            b"IxPT": self._turned,
            b"IwFl": lambda depth: self._inverted(depth, self._nothing),
            b"IwPQ": lambda depth: self._inverted(depth, self._products_settings),
            b"IwSq": lambda depth: self._inverted(depth, self._scalars_settings),
            b"IHNf": self._graph,
            b"IHNs": self._graph,
        }
        self._outer: dict[bytes, Callable[[], None]] = {
            b"IxF2": self._flat,
            b"IxFI": self._flat,
            b"IxFl": self._flat,
            b"IxPq": self._products_index,
            b"IxSQ": self._scalars_index,
            b"IxHe": self._hashes,
        }

    def read(self, depth: int) -> None:
        mark = self._reader.take(4)
        if depth > _DEEPEST:
            raise UnreadError("indexes within indexes")
        if mark not in self._inner and mark not in self._outer:
            raise UnreadError(f"an index of the kind {mark!r}")
        self._reader.skip(_INT + 3 * _SIZE + _BYTE)
        (metric,) = self._reader.unpack(_I32)
        if not 0 <= metric <= _LAST_METRIC:
            raise FormatError(f"a metric of the number {metric}")
        self._reader.skip(_FLOAT if metric > _PLAIN_METRIC else 0)
        if mark in self._inner:
            self._inner[mark](depth + 1)
        else:
            self._outer[mark]()

    def _vector(self, width: int) -> int:
        (count,) = self._reader.unpack(_U64)
        self._reader.skip(count * width)
        return count

    def _nothing(self) -> None:
        """Lists of whole vectors have no settings of their own."""

    def _flat(self) -> None:
        self._vector(_FLOAT)

    def _products(self) -> None:
        self._reader.skip(3 * _SIZE)
        self._vector(_FLOAT)

    def _scalars(self) -> None:
        self._reader.skip(2 * _INT + _FLOAT + 2 * _SIZE)
        self._vector(_FLOAT)

    def _products_index(self) -> None:
        self._products()
        self._vector(_BYTE)
        self._reader.skip(_INT + _BYTE + _INT)

    def _scalars_index(self) -> None:
        self._scalars()
        self._vector(_BYTE)

    def _products_settings(self) -> None:
        self._reader.skip(_BYTE + _SIZE)
        self._products()

    def _scalars_settings(self) -> None:
        self._scalars()
        self._reader.skip(_SIZE + _BYTE)

    def _hashes(self) -> None:
        self._reader.skip(_INT + 2 * _BYTE)
        self._vector(_FLOAT)
        self._reader.skip(_INT)
        self._transform()
        self._vector(_BYTE)

    def _mapped(self, depth: int) -> None:
        self.read(depth)
        self._vector(_SIZE)

    def _turned(self, depth: int) -> None:
        (count,) = self._reader.unpack(_I32)
        for _ in range(bounded(max(count, 0), _DEEPEST)):
            self._transform()
        self.read(depth)

    def _transform(self) -> None:
        mark = self._reader.take(4)
        if mark == b"Pcam":
            self._reader.skip(2 * _FLOAT + _BYTE + _INT)
            for _ in range(3):
                self._vector(_FLOAT)
        elif mark not in {b"rrot", b"LTra", b"VNrm"}:
            raise UnreadError(f"a transform of the kind {mark!r}")
        if mark == b"VNrm":
            self._reader.skip(_FLOAT)
        else:
            self._reader.skip(_BYTE)
            self._vector(_FLOAT)
            self._vector(_FLOAT)
        self._reader.skip(2 * _INT + _BYTE)

    def _graph(self, depth: int) -> None:
        for width in (8, _INT, _INT, _SIZE, _INT):
            self._vector(width)
        self._reader.skip(5 * _INT)
        self.read(depth)

    def _inverted(self, depth: int, settings: Callable[[], None]) -> None:
        self._reader.skip(2 * _SIZE)
        self.read(depth)
        (kind,) = self._reader.take(1)
        self._vector(_SIZE)
        if kind == _HASHED:
            self._vector(_PAIR)
        settings()
        self._lists()

    def _lists(self) -> None:
        mark = self._reader.take(4)
        if mark == b"il00":
            return
        if mark != b"ilar":
            raise UnreadError(f"lists of the kind {mark!r}")
        _, width = self._reader.unpack(struct.Struct("<2Q"))
        form = self._reader.take(4)
        (count,) = self._reader.unpack(_U64)
        sizes = struct.unpack(f"<{count}Q", self._reader.take(_SIZE * bounded(count, _MOST_LISTS)))
        if form not in {b"full", b"sprs"}:
            raise FormatError(f"lists with sizes in the form {form!r}")
        total = sum(sizes if form == b"full" else sizes[1::2])
        self._reader.skip(total * (width + _SIZE))


class Hnswlib(WeightForm):
    """Settings that follow from each other, then the elements, then the links above each."""

    name = "hnswlib"
    _HEAD = struct.Struct("<6QiI3QdQ")
    _LABEL = 8

    def begins(self, head: bytes) -> bool:
        if len(head) < self._HEAD.size:
            return False
        first, most, count, width, label, data, level, _, links, base, wide, _, _ = (
            self._HEAD.unpack_from(head)
        )
        follows = base == 2 * links and data == base * _INT + _INT and label == width - self._LABEL
        fits = first == 0 and 0 < count <= most and level >= 0 and 0 < links == wide
        return bool(fits and follows)

    def walk(self, reader: ByteReader) -> None:
        values = reader.unpack(self._HEAD)
        count, width, links = bounded(values[2], _MOST_ELEMENTS), values[3], values[8]
        reader.skip(count * width)
        row = links * _INT + _INT
        for _ in range(count):
            (size,) = reader.unpack(_U32)
            if size % row:
                raise FormatError(f"links of {size} bytes at {reader.position}")
            reader.skip(size)
