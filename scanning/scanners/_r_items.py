"""Items of R's serialised data, in binary (XDR) and as text; after "R Internals"."""

from __future__ import annotations

import io
import os
import re
from collections import Counter
from typing import BinaryIO

_SYMBOL, _PAIRS, CLOSURE, _ENVIRONMENT, PROMISE, _CALL = 1, 2, 3, 4, 5, 6
SPECIAL, BUILTIN, _CHARS, _DOTS, _TEXTS, _LIST, _EXPRESSION = 7, 8, 9, 17, 16, 19, 20
BYTECODE, POINTER, _WEAK, _RAW, _S4 = 21, 22, 23, 24, 25
_WIDTHS = {10: 4, 13: 4, 14: 8, 15: 16, _RAW: 1}
_ALTREP, _REFERENCE, _PACKAGE, _NAMESPACE, _PERSISTENT = 238, 255, 250, 249, 247
_PLAIN = frozenset({254, 253, 252, 251, 242, 241, 0})
_ATTRIBUTES, _TAG = 0x200, 0x400
_WITH_ATTRIBUTES = frozenset({POINTER, _WEAK, _S4})
_WORD = 4
_WITH_ENCODING = 3
_MAX_ITEMS = 20_000_000
_LONGEST_TEXT = 64 << 20
_NOT_AVAILABLE = -(1 << 31)
# As R reads them: words between blanks, and texts of so many characters, some of them escaped.
_WORD_OF_TEXT = re.compile(rb"\s*(\S+)")
_CHARACTER = rb"(?>\\(?:[0-7]{1,3}|.)|[^\\])"
_NUMBER = re.compile(rb"[+-]?[0-9]{1,10}\Z")
_COMPLEX = 15


class RFaultError(ValueError):
    """The data break the format, or are of a kind that is not followed."""


class _Reader:
    """Goes through the items one by one; what is still to be read is counted, not recursed into."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self.stream = stream
        self.size = size
        self.kinds: Counter[int] = Counter()

    def run(self) -> None:
        version, _, _ = self.number(), self.number(), self.number()
        if version == _WITH_ENCODING:
            self.skip(self.number())
        elif version != _WITH_ENCODING - 1:
            raise RFaultError(f"version {version} of the format")
        pending = 1
        items = 0
        while pending:
            pending += self.item() - 1
            items += 1
            if items > _MAX_ITEMS:
                raise RFaultError("more items than are followed")
        if self.goes_on():
            raise RFaultError("bytes behind the last item")

    def number(self) -> int:
        raw = self.stream.read(_WORD)
        if len(raw) != _WORD:
            raise RFaultError("the data are cut short")
        return int.from_bytes(raw, "big", signed=True)

    def goes_on(self) -> bool:
        return bool(self.stream.read(1))

    def values(self, kind: int, length: int) -> None:
        """Pass numbers."""
        self.skip(length * _WIDTHS[kind])

    def skip(self, size: int) -> None:
        """Pass a text."""
        if size < 0 or self.stream.tell() + size > self.size:
            raise RFaultError("a length points past the end")
        self.stream.seek(size, os.SEEK_CUR)

    def item(self) -> int:
        """Read one item's head; how many items follow that belong to it."""
        flags = self.number()
        kind = flags & 0xFF
        self.kinds[kind] += 1
        attributes = 1 if flags & _ATTRIBUTES else 0
        if kind in {_PAIRS, CLOSURE, PROMISE, _CALL, _DOTS}:
            return attributes + (1 if flags & _TAG else 0) + 2
        if kind in _WIDTHS or kind in {_TEXTS, _LIST, _EXPRESSION}:
            return self._vector(kind) + attributes
        return self._other(kind, flags) + (attributes if kind in _WITH_ATTRIBUTES else 0)

    def _vector(self, kind: int) -> int:
        length = self.number()
        if length == -1:
            length = (self.number() << 32) + (self.number() & 0xFFFFFFFF)
        if kind not in _WIDTHS:
            if length > self.size:
                raise RFaultError("a length points past the end")
            return length
        self.values(kind, length)
        return 0

    def _other(self, kind: int, flags: int) -> int:
        following = {_SYMBOL: 1, _ENVIRONMENT: 4, _ALTREP: 3, POINTER: 2, _WEAK: 0, _S4: 0}
        if kind in _PLAIN:
            return 0
        if kind == _ENVIRONMENT:
            self.number()  # whether it is locked
        elif kind in {_CHARS, SPECIAL, BUILTIN}:
            self.skip(max(0, self.number()))
            return 0
        elif kind == _REFERENCE:
            if not flags >> 8:
                self.number()
            return 0
        elif kind in {_PACKAGE, _NAMESPACE, _PERSISTENT}:
            self.number()
            return self.number()
        if kind not in following:
            raise RFaultError(f"items of type {kind} are not followed")
        return following[kind]


class _TextReader(_Reader):
    """The same written as text."""

    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(), len(content))
        self._content, self._position = content, 0

    def number(self) -> int:
        word = self._word()
        if word == b"NA":
            return _NOT_AVAILABLE
        if not _NUMBER.match(word):
            raise RFaultError("a word that is no number")
        return int(word)

    def goes_on(self) -> bool:
        return bool(self._content[self._position :].strip())

    def values(self, kind: int, length: int) -> None:
        if not 0 <= length <= self.size:
            raise RFaultError("a length points past the end")
        for _ in range(length * (2 if kind == _COMPLEX else 1)):
            self._word()

    def skip(self, size: int) -> None:
        if not 0 <= size <= self.size:
            raise RFaultError("a length points past the end")
        if size:
            text = re.compile(rb"\s*" + _CHARACTER + b"{%d}" % size, re.DOTALL)
            self._match(text)

    def _word(self) -> bytes:
        return bytes(self._match(_WORD_OF_TEXT)[1])

    def _match(self, pattern: re.Pattern[bytes]) -> re.Match[bytes]:
        found = pattern.match(self._content, self._position)
        if found is None:
            raise RFaultError("the data are cut short")
        self._position = found.end()
        return found


def reader_of(stream: BinaryIO, size: int) -> _Reader:
    """By the two bytes that tell how it is written; RFaultError where nobody reads it here."""
    head = stream.read(5)
    if head.startswith(b"RD"):
        head = stream.read(2)
    else:
        stream.seek(2)
    if head[:2] == b"X\n":
        return _Reader(stream, size)
    if head[:2] != b"A\n":
        raise RFaultError("data in another encoding than XDR or text are not covered")
    if size > _LONGEST_TEXT:
        raise RFaultError("more text than is read")
    return _TextReader(stream.read())
