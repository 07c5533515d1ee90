"""Unpack gzip, zlib, bz2, xz and lzma in pieces, to the end of what can be unpacked."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from scanning.scanners._sniff import Kind
from scanning.scanners.base import MEBIBYTE

_PIECE = MEBIBYTE
_GZIP_BITS = zlib.MAX_WBITS | 16
UNPACK_FAULTS = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError)


def decompressed(kind: Kind, stream: BinaryIO) -> Iterator[bytes]:
    """Pieces of at most a mebibyte; one of `UNPACK_FAULTS` where the data is damaged."""
    if kind in {Kind.GZIP, Kind.ZLIB}:
        yield from _deflated(stream, _GZIP_BITS if kind is Kind.GZIP else zlib.MAX_WBITS)
        return
    with bz2.BZ2File(stream) if kind is Kind.BZ2 else lzma.LZMAFile(stream) as file:
        while piece := file.read(_PIECE):
            yield piece


def _deflated(stream: BinaryIO, wbits: int) -> Iterator[bytes]:
    """Every zlib or gzip stream, one behind the other; padding with zeros ends the reading."""
    engine = zlib.decompressobj(wbits)
    pending = stream.read(_PIECE)
    while pending:
        piece = engine.decompress(pending, _PIECE)
        if piece:
            yield piece
        pending = engine.unconsumed_tail
        if engine.eof:
            pending = engine.unused_data.lstrip(b"\x00")
            engine = zlib.decompressobj(wbits)
            if not pending and not (pending := stream.read(_PIECE).lstrip(b"\x00")):
                return
        pending = pending or stream.read(_PIECE)
    raise EOFError("the compressed data is cut short")
