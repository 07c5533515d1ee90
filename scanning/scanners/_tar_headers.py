"""Headers of a tar archive, read from the bytes: readers differ in what they believe of them.

A wrong checksum ends the archive for one reader and is passed over by the next; a size may stand in
the header and once more in an extension (PAX). Every place where any of them looks for the next
header is looked at, once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import BinaryIO

BLOCK = 512
_MAX_TEXT = 1 << 20  # of a name, or of a member's extensions
_MAX_SIZE = 1 << 62
_MAGIC = b"ustar"
_WIDE = 0x80  # a number in base 256 has this bit in its first byte
_LINKS = b"12"
_HAVE_NO_DATA = b"123456"
_EXTENDED, _GLOBAL = b"xX", b"g"
_LONG_NAME, _LONG_LINK, _SPARSE = b"L", b"K", b"S"
_DIRECTORY = b"5"
_SPARSE_EXTENDED = slice(482, 483)
_MORE_EXTENDED = slice(504, 505)


@dataclass(frozen=True, slots=True)
class Entry:
    """A member; its content are `size` bytes at `start`, of which the file may have fewer."""

    name: str
    kind: bytes
    link: str
    start: int
    size: int
    is_sparse: bool = False

    @property
    def is_directory(self) -> bool:
        return self.kind == _DIRECTORY or (self.kind in b"\0" and self.name.endswith("/"))

    @property
    def is_link_or_device(self) -> bool:
        return bool(self.kind) and self.kind in b"12346"


@dataclass(slots=True)
class TarReader:
    """`oddities` says what readers may disagree about, `faults` what is broken, `end` where all
    that was read ends."""

    stream: BinaryIO
    oddities: dict[str, str] = field(default_factory=dict)
    faults: dict[str, None] = field(default_factory=dict)
    end: int = 0
    _size: int = 0

    def entries(self) -> Iterator[Entry]:
        self._size = self.stream.seek(0, os.SEEK_END)
        pending, seen = [0], set[int]()
        while pending:
            at = pending.pop()
            if at in seen or at >= self._size:
                continue
            seen.add(at)
            yield from self._from(at, pending, seen)

    def _from(self, at: int, pending: list[int], seen: set[int]) -> Iterator[Entry]:
        """Members from a place on, to one where no header is or that was looked at."""
        shared: dict[str, str] = {}
        while (head := self._header(at)) is not None:
            own = dict(shared)
            while head is not None and head.kind in _EXTENDED + _GLOBAL + _LONG_NAME + _LONG_LINK:
                text = self._text(head)
                self._extend(head, text, shared if head.kind == _GLOBAL else own)
                own = {**shared, **own}
                at = head.data + _rounded(head.size)
                seen.add(at)
                head = self._header(at)
            if head is None:
                self.end = max(self.end, min(at, self._size))
                if own != shared:
                    self.faults["an extension without its member"] = None
                return
            entry = self._entry(head, own)
            yield entry
            following, other = self._next(head, entry)
            if other != following:
                pending.append(other)
            at = following
            if at in seen:
                return
            seen.add(at)

    def _entry(self, head: _Head, own: dict[str, str]) -> Entry:
        size = _decimal(own.get("size") or own.get("GNU.sparse.size.packed"), head.size)
        name = own.get("GNU.sparse.name") or own.get("path") or head.name
        if "size" in own and size != head.size and head.size:
            self.oddities["size"] = f"{name}: {size} bytes, or {head.size}"
        if "path" in own and own["path"] != head.name and head.kind in _LINKS:
            self.oddities.setdefault("name", f"{name}, or {head.name}")
        is_sparse = head.kind == _SPARSE or any(key.startswith("GNU.sparse") for key in own)
        return Entry(name, head.kind, own.get("linkpath") or head.link, head.data, size, is_sparse)

    def _next(self, head: _Head, entry: Entry) -> tuple[int, int]:
        """Where the next header stands, for a reader that believes all, and for the others."""
        behind = head.data + _rounded(entry.size)
        other = head.data + _rounded(head.size)
        if head.kind and head.kind in _HAVE_NO_DATA:
            behind, other = head.data, behind
        self.end = max(self.end, min(behind, self._size))
        if behind > self._size:
            self.faults["a member is cut short"] = None
        return behind, other

    def _header(self, at: int) -> _Head | None:
        self.stream.seek(at)
        raw = self.stream.read(BLOCK)
        if len(raw) < BLOCK:
            if raw.strip(b"\0"):
                self.faults["a header is cut short"] = None
            return None
        if not any(raw):
            return None
        right = _sum_is_right(raw)
        if not right and raw[257:262] != _MAGIC:
            return None
        if not right:
            self.faults["a header has another checksum than it says"] = None
        size = _number(raw[124:136])
        if size is None:
            self.faults["a header whose size is no number"] = None
            size = 0
        return _Head(_name(raw), raw[156:157], _text(raw[157:257]), size, self._data_at(raw, at))

    def _data_at(self, raw: bytes, at: int) -> int:
        """Behind the header, and behind the blocks that an old sparse file has more of it."""
        data = at + BLOCK
        more = raw[156:157] == _SPARSE and any(raw[_SPARSE_EXTENDED])
        while more:
            self.stream.seek(data)
            block = self.stream.read(BLOCK)
            data += len(block)
            more = len(block) == BLOCK and any(block[_MORE_EXTENDED])
        return data

    def _text(self, head: _Head) -> bytes:
        if head.size > _MAX_TEXT:
            self.faults[f"extensions of {head.size} bytes"] = None
        self.stream.seek(head.data)
        return self.stream.read(min(head.size, _MAX_TEXT))

    def _extend(self, head: _Head, raw: bytes, into: dict[str, str]) -> None:
        if head.kind == _LONG_NAME:
            into["path"] = _text(raw)
        elif head.kind == _LONG_LINK:
            into["linkpath"] = _text(raw)
        else:
            for key, value in _records(raw):
                if into.get(key, value) != value and key in {"path", "linkpath", "size"}:
                    self.oddities["twice"] = f"{key}: {value}, or {into[key]}"
                into[key] = value


@dataclass(frozen=True, slots=True)
class _Head:
    name: str
    kind: bytes
    link: str
    size: int
    data: int


def _records(raw: bytes) -> Iterator[tuple[str, str]]:
    """`length key=value`, line by line; the length counts itself."""
    at = 0
    while at < len(raw):
        digits, blank, _ = raw[at : at + 20].partition(b" ")
        length = _decimal(digits.decode("latin-1"), 0) if blank else 0
        if length <= len(digits):
            return
        line = raw[at + len(digits) + 1 : at + length].removesuffix(b"\n")
        key, equals, value = line.partition(b"=")
        if equals:
            yield _text_of(key), _text_of(value)
        at += length


def _decimal(text: str | None, otherwise: int) -> int:
    if text is not None and text.isascii():
        with suppress(ValueError):
            return min(max(0, int(text[:20])), _MAX_SIZE)
    return otherwise


def _number(raw: bytes) -> int | None:
    """Octal digits, or base 256 with a mark; None when it is neither."""
    if raw[0] & _WIDE:
        value = int.from_bytes(bytes([raw[0] & 0x7F]) + raw[1:], "big")
        return 0 if raw[0] == 0xFF else min(value, _MAX_SIZE)  # noqa: PLR2004 a negative one
    digits = _text(raw).strip()
    try:
        return int(digits or "0", 8)
    except ValueError:
        return None


def _sum_is_right(raw: bytes) -> bool:
    """Old writers took the bytes for signed ones."""
    told = _number(raw[148:156])
    rest = raw[:148] + b" " * 8 + raw[156:]
    unsigned = sum(rest)
    signed = unsigned - 256 * sum(byte > 0x7F for byte in rest)  # noqa: PLR2004 the sign bit
    return told in {unsigned, signed}


def _name(raw: bytes) -> str:
    name, prefix = _text(raw[:100]), _text(raw[345:500])
    is_gnu = raw[257:265] == b"ustar  \0"
    return f"{prefix}/{name}" if prefix and raw[257:262] == _MAGIC and not is_gnu else name


def _text(raw: bytes) -> str:
    return _text_of(raw.partition(b"\0")[0])


def _text_of(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _rounded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK
