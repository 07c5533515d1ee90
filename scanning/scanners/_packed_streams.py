"""Streams packed one behind the other, and what a decoder unpacked before it met a fault.

Libraries throw away what one call unpacked when the call ends in a fault, and checksums stand at
the end: loaders that read in small steps have run a pickle by then. So the stream is unpacked once
more up to that call, and from there byte by byte.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from io import RawIOBase
from typing import BinaryIO

from scanning.scanners._decoders import READ_STEP, UNPACK_FAULTS, Decoder
from scanning.scanners.base import MEBIBYTE

_AT_ONCE = 64 * 1024
_MAX_RESUMED = 16
_HEAD = 8
Source = BinaryIO | RawIOBase


def streams(
    source: Source, make: Callable[[bytes], Decoder], magic: bytes = b""
) -> Iterator[bytes]:
    """Every stream, one behind the other, as far as each can be unpacked; zeros may stand between.

    Raises the first fault at the end. `magic` is how a stream begins: behind a fault, reading goes
    on with the next that begins so.
    """
    at = source.tell()
    stop = source.seek(0, io.SEEK_END)
    fault: Exception | None = None
    for _ in range(_MAX_RESUMED):
        try:
            while (at := _behind_zeros(source, at)) < stop:
                at = yield from one_stream(source, make, at)
            break
        except UNPACK_FAULTS as error:
            fault = fault or error
        at = _next(source, magic, at + 1)
        if at < 0:
            break
    if fault is not None:
        raise fault


def one_stream(
    source: Source, make: Callable[[bytes], Decoder], start: int
) -> Generator[bytes, None, int]:
    """What a stream unpacks to; returns where it ends. Raises the fault after all before it."""
    source.seek(start)
    head = source.read(_HEAD) or b""
    decoder, at, given = make(head), start, 0
    step = getattr(decoder, "step", READ_STEP)
    while not decoder.eof:
        pending = b""
        if decoder.needs_input:
            source.seek(at)
            pending = source.read(step) or b""
            at += len(pending)
            if not pending and getattr(decoder, "may_end", False):
                return at
            if not pending:
                raise EOFError("the compressed data is cut short")
        try:
            piece = decoder.decompress(pending, _AT_ONCE)
        except UNPACK_FAULTS:
            del decoder  # it may hold a large window, and the next one does too
            yield _rescued(source, make(head), (start, at - len(pending), at), step, given)
            raise
        if piece:
            given += len(piece)
            yield piece
    return at - len(decoder.unused_data or b"")


def _rescued(
    source: Source, decoder: Decoder, span: tuple[int, int, int], step: int, given: int
) -> bytes:
    """Unpack once more: what came out was `given`, the call that failed took the last part."""
    at, before, end = span
    found: list[bytes] = []
    with suppress(*UNPACK_FAULTS):  # told already
        while given > 0 or at < before:
            source.seek(at)
            pending = (source.read(min(step, before - at)) or b"") if decoder.needs_input else b""
            if decoder.needs_input and not pending:
                break
            at += len(pending)
            given -= len(decoder.decompress(pending, _AT_ONCE))
        source.seek(before)
        for byte in source.read(end - before) or b"":
            found.append(decoder.decompress(bytes([byte]), 1))
            _drain(decoder, found)
        _drain(decoder, found)
    return b"".join(found)


def _drain(decoder: Decoder, found: list[bytes]) -> None:
    while not decoder.needs_input and not decoder.eof:
        found.append(decoder.decompress(b"", 1))


def _behind_zeros(source: Source, at: int) -> int:
    """Where padding ends."""
    while True:
        source.seek(at)
        piece = source.read(READ_STEP) or b""
        rest = piece.lstrip(b"\x00")
        at += len(piece) - len(rest)
        if rest or not piece:
            return at


def _next(source: Source, magic: bytes, at: int) -> int:
    """Where the magic stands next, -1 when nowhere."""
    while magic:
        source.seek(at)
        piece = source.read(MEBIBYTE) or b""
        found = piece.find(magic)
        if found >= 0:
            return at + found
        if len(piece) < MEBIBYTE:
            break
        at += len(piece) - len(magic) + 1
    return -1
