"""Unpack gzip, zlib, bz2, xz, lzma, zstd, lz4 in pieces, to the end of what can be unpacked."""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from io import RawIOBase
from typing import BinaryIO

from scanning.scanners._sniff import Kind
from scanning.scanners.base import MEBIBYTE

_PIECE = MEBIBYTE
_STEP = 1024  # of zstd, which unpacks all it is given at once: 32 MiB at worst
_GZIP_BITS = zlib.MAX_WBITS | 16
_ZFILE_HEADER = 21  # the mark and the length as 19 characters
_LZMA_HEAD = struct.Struct("<HHBI")  # version, size of properties; mode, dictionary
_LZMA_PROPERTIES = 5
_LZMA_MODES = 225
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
    elif kind is Kind.ZFILE:
        stream.seek(_ZFILE_HEADER)
        yield from _deflated(stream, zlib.MAX_WBITS)
    elif kind is Kind.BZ2:
        yield from _streams(stream, bz2.BZ2Decompressor)
    else:
        # The dictionary is allotted by what the file says: 128 MiB hold every preset.
        yield from _streams(stream, partial(lzma.LZMADecompressor, memlimit=_MAX_WINDOW))


def zip_lzma_pieces(stream: BinaryIO | RawIOBase) -> Iterator[bytes]:
    """A member of a zip archive that is packed by method 14: a short header, then LZMA alone."""
    head = stream.read(_LZMA_HEAD.size) or b""
    if len(head) != _LZMA_HEAD.size:
        raise EOFError("the compressed data is cut short")
    _, size, properties, dictionary = _LZMA_HEAD.unpack(head)
    if size != _LZMA_PROPERTIES or properties >= _LZMA_MODES or dictionary > _MAX_WINDOW:
        raise UnpackFaultError("LZMA of a kind that is not unpacked")
    rest, lc = divmod(properties, 9)
    pb, lp = divmod(rest, 5)
    chain = [{"id": lzma.FILTER_LZMA1, "dict_size": dictionary, "lc": lc, "lp": lp, "pb": pb}]
    engine = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=chain)
    while not engine.eof:
        pending = (stream.read(_PIECE) or b"") if engine.needs_input else b""
        if engine.needs_input and not pending:
            return  # the mark of its end is not obliged to be there
        if piece := engine.decompress(pending, _PIECE):
            yield piece


def _streams(
    stream: BinaryIO, make: Callable[[], bz2.BZ2Decompressor | lzma.LZMADecompressor]
) -> Iterator[bytes]:
    """Every stream, one behind the other; padding with zeros ends the reading."""
    pending = stream.read(_PIECE)
    while pending:
        engine = make()
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
