"""Unpack gzip, zlib, bz2, xz, lzma, zstd and lz4 in pieces, to the end of what can be unpacked."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Iterator
from io import RawIOBase
from typing import BinaryIO

from scanning.scanners._sniff import Kind
from scanning.scanners.base import MEBIBYTE

_PIECE = MEBIBYTE
_STEP = 1024  # of zstd, which unpacks all it is given at once: 32 MiB at worst
_GZIP_BITS = zlib.MAX_WBITS | 16
_MAX_WINDOW = 128 * MEBIBYTE
UNPACK_FAULTS = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError)


class UnpackFaultError(ValueError):
    """What a library calls its own error, or the library is not installed."""


def decompressed(kind: Kind, stream: BinaryIO) -> Iterator[bytes]:
    """Pieces of a few mebibytes; one of `UNPACK_FAULTS` where the data is damaged."""
    if kind in {Kind.GZIP, Kind.ZLIB}:
        yield from _deflated(stream, _GZIP_BITS if kind is Kind.GZIP else zlib.MAX_WBITS)
    elif kind is Kind.ZSTD:
        yield from zstd_pieces(stream)
    elif kind is Kind.LZ4:
        yield from _lz4_pieces(stream)
    elif kind is Kind.BZ2:
        with bz2.BZ2File(stream) as bz2_file:
            while piece := bz2_file.read(_PIECE):
                yield piece
    else:
        # The dictionary is allotted by what the file says: 128 MiB hold every preset.
        yield from _lzma_pieces(stream)


def _lzma_pieces(stream: BinaryIO) -> Iterator[bytes]:
    """Every stream, one behind the other; padding with zeros ends the reading."""
    pending = stream.read(_PIECE)
    while pending:
        engine = lzma.LZMADecompressor(memlimit=_MAX_WINDOW)
        while not engine.eof:
            if engine.needs_input and not pending and not (pending := stream.read(_PIECE)):
                raise EOFError("the compressed data is cut short")
            piece = engine.decompress(pending, _PIECE)
            pending = b""
            if piece:
                yield piece
        pending = engine.unused_data.lstrip(b"\x00") or stream.read(_PIECE).lstrip(b"\x00")


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


def zstd_pieces(stream: BinaryIO | RawIOBase) -> Iterator[bytes]:
    try:
        import zstandard  # noqa: PLC0415 only where a file is packed so
    except ImportError as error:
        raise UnpackFaultError("the zstandard package is not installed") from error
    pending = stream.read(_STEP)
    while pending:
        engine = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW).decompressobj()
        while not engine.eof:
            try:
                piece = engine.decompress(pending)
            except zstandard.ZstdError as error:
                raise UnpackFaultError(str(error)) from error
            if piece:
                yield piece
            if not engine.eof and not (pending := stream.read(_STEP)):
                raise EOFError("the compressed data is cut short")
        pending = engine.unused_data or stream.read(_STEP)


def _lz4_pieces(stream: BinaryIO) -> Iterator[bytes]:
    try:
        from lz4 import frame  # noqa: PLC0415 only where a file is packed so
    except ImportError as error:
        raise UnpackFaultError("the lz4 package is not installed") from error
    pending = stream.read(_PIECE)
    while pending:
        engine = frame.LZ4FrameDecompressor()
        while not engine.eof:
            if engine.needs_input and not pending and not (pending := stream.read(_PIECE)):
                raise EOFError("the compressed data is cut short")
            try:
                piece = engine.decompress(pending, max_length=_PIECE)
            except RuntimeError as error:
                raise UnpackFaultError(str(error)) from error
            pending = b""
            if piece:
                yield piece
        pending = engine.unused_data or stream.read(_PIECE)
