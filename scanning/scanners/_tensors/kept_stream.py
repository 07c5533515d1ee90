"""A stream that is read from all over, and from its file hardly more than once."""

from __future__ import annotations

import os
from typing import BinaryIO

from scanning.scanners._tensors.reading import FormatError
from scanning.scanners.base import MEBIBYTE

_PAGE = 4096
_LONG = MEBIBYTE  # more at once is not kept
KEPT_BYTES = 48 * MEBIBYTE
_SMALL = MEBIBYTE


class ScatteredError(FormatError):
    """What is left lies so scattered that the file would have to be read more than twice."""


class KeptStream:
    """Keeps the pages that were used last; ends before the file was read twice."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._size = stream.seek(0, os.SEEK_END)
        self._position = 0
        self._pages: dict[int, bytes] = {}
        self.left = max(_SMALL, self._size * 19 // 10)  # bytes that may still be read

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, count: int) -> bytes:
        begin, end = self._position, min(self._position + max(0, count), self._size)
        if begin >= end:
            return b""
        self._position = end
        if end - begin > _LONG:
            return self._load(begin, end - begin)
        first = begin // _PAGE
        pages = [self._page(number) for number in range(first, (end - 1) // _PAGE + 1)]
        whole = pages[0] if len(pages) == 1 else b"".join(pages)
        return whole[begin - first * _PAGE : end - first * _PAGE]

    def _page(self, number: int) -> bytes:
        page = self._pages.pop(number, None)
        if page is None:
            if len(self._pages) * _PAGE >= KEPT_BYTES:
                del self._pages[next(iter(self._pages))]
            page = self._load(number * _PAGE, min(_PAGE, self._size - number * _PAGE))
        self._pages[number] = page  # the last one is the one used last
        return page

    def _load(self, place: int, size: int) -> bytes:
        if size > self.left:
            raise ScatteredError("its parts lie so scattered that it had to be read three times")
        self.left -= size
        self._stream.seek(place)
        return self._stream.read(size)
