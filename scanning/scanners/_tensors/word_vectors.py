"""Vectors of words: fastText's own files, and word2vec's binary ones.

Formats: https://github.com/facebookresearch/fastText (src/fasttext.cc, dictionary.cc, matrix files)
and https://code.google.com/archive/p/word2vec (word2vec.c), as gensim writes both.
"""

from __future__ import annotations

import re
import struct

from scanning.scanners._sniff import is_text
from scanning.scanners._tensors.reading import ByteReader, FormatError
from scanning.scanners._tensors.weight_form import WeightForm, bounded

_FASTTEXT = struct.pack("<I", 793_712_314)
_VERSIONS = range(11, 13)
_ARGUMENTS = struct.Struct("<12id")
_DICTIONARY = struct.Struct("<3i2q")
_ENTRY_END = 8 + 1  # how often a word was met, and what kind it is
_LONGEST_WORD = 1 << 16
_MOST_WORDS = 20_000_000
_WORDS = re.compile(rb"([1-9]\d{0,8}) ([1-9]\d{0,4})\n")
_CENTROIDS = 256
_FLOAT = 4


class FastText(WeightForm):
    name = "fastText"

    def begins(self, head: bytes) -> bool:
        return head.startswith(_FASTTEXT)

    def walk(self, reader: ByteReader) -> None:
        reader.skip(len(_FASTTEXT))
        (version,) = reader.unpack(struct.Struct("<i"))
        if version not in _VERSIONS:
            raise FormatError(f"version {version}")
        reader.unpack(_ARGUMENTS)
        self._dictionary(reader)
        is_packed = bool(reader.take(1)[0])
        _matrix(reader, is_packed=is_packed)
        is_packed_too = bool(reader.take(1)[0])
        _matrix(reader, is_packed=is_packed and is_packed_too)

    def _dictionary(self, reader: ByteReader) -> None:
        size, words, labels, _, pruned = reader.unpack(_DICTIONARY)
        if size < 0 or size != words + labels:
            raise FormatError(f"{size} entries of {words} words and {labels} labels")
        for _ in range(bounded(size, _MOST_WORDS)):
            reader.skip_to(b"\0", _LONGEST_WORD)
            reader.skip(_ENTRY_END)
        reader.skip(8 * max(0, pruned))


def _matrix(reader: ByteReader, *, is_packed: bool) -> None:
    if not is_packed:
        rows, columns = _sides(reader)
        reader.skip(rows * columns * _FLOAT)
        return
    has_norms = bool(reader.take(1)[0])
    rows, _ = _sides(reader)
    (codes,) = reader.unpack(struct.Struct("<i"))
    reader.skip(_positive(codes))
    _quantizer(reader)
    if has_norms:
        reader.skip(rows)
        _quantizer(reader)


def _sides(reader: ByteReader) -> tuple[int, int]:
    rows, columns = reader.unpack(struct.Struct("<2q"))
    return _positive(rows), _positive(columns)


def _quantizer(reader: ByteReader) -> None:
    dimension, *_ = reader.unpack(struct.Struct("<4i"))
    reader.skip(_positive(dimension) * _CENTROIDS * _FLOAT)


def _positive(number: int) -> int:
    if number < 0:
        raise FormatError(f"a size of {number}")
    return number


class Word2Vec(WeightForm):
    """A line with two numbers, then each word, a space and its numbers."""

    name = "word2vec"

    def begins(self, head: bytes) -> bool:
        return bool(_WORDS.match(head)) and not is_text(head)

    def walk(self, reader: ByteReader) -> None:
        first = reader.take(min(reader.left, 20))
        match = _WORDS.match(first)
        if match is None:
            raise FormatError("no line with two numbers")
        words, size = int(match[1]), int(match[2]) * _FLOAT
        if words * (size + 2) > reader.size:
            raise FormatError(f"{words} words of {size} bytes in a file of {reader.size}")
        reader.move(match.end())
        for _ in range(bounded(words, _MOST_WORDS)):
            reader.skip_to(b" ", _LONGEST_WORD)
            reader.skip(size)
        if reader.left == 1 and reader.take(1) != b"\n":
            raise FormatError("a byte behind the last word")
