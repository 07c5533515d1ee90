"""Unpack gzip, zlib, bz2, xz, lzma, zstd, lz4 in pieces, to the end of what can be unpacked."""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import BinaryIO

from scanning.scanners._decoders import (
    GZIP,
    LZ4,
    ZSTD,
    Decoder,
    Gzip,
    Inflater,
    UnpackFaultError,
    frame_decoder,
)
from scanning.scanners._packed_streams import Source, one_stream, streams
from scanning.scanners._sniff import Kind
from scanning.scanners.base import MEBIBYTE

_ZFILE_HEADER = 21  # the mark and the length as 19 characters
_LZMA_HEAD = struct.Struct("<HHBI")  # version, size of properties; mode, dictionary
_LZMA_PROPERTIES = 5
_LZMA_MODES = 225
_MAX_WINDOW = 128 * MEBIBYTE
DEFLATED, BZIP2, LZMA, OLD_ZSTD, ZSTD_METHOD, XZ = 8, 12, 14, 20, 93, 95
PACKED_METHODS = frozenset({DEFLATED, BZIP2, LZMA, OLD_ZSTD, ZSTD_METHOD, XZ})


def decompressed(kind: Kind, stream: BinaryIO) -> Iterator[bytes]:
    """Pieces of a few mebibytes; one of `UNPACK_FAULTS` at the end where the data is damaged."""
    if kind is Kind.GZIP:
        return streams(stream, lambda _: Gzip(), GZIP)
    if kind in {Kind.ZLIB, Kind.ZFILE}:
        if kind is Kind.ZFILE:
            stream.seek(_ZFILE_HEADER)
            padding = stream.read(_ZFILE_HEADER)
            stream.seek(_ZFILE_HEADER + len(padding) - len(padding.lstrip(b" ")))
        return streams(stream, lambda _: Inflater(zlib.MAX_WBITS))
    if kind in {Kind.ZSTD, Kind.LZ4}:
        return zstd_pieces(stream) if kind is Kind.ZSTD else streams(stream, frame_decoder, LZ4)
    if kind is Kind.BZ2:
        return bz2_pieces(stream)
    return streams(stream, _lzma_decoder, b"\xfd7zXZ\x00")


def unzipped(method: int, source: Source) -> Iterator[bytes]:
    """What a zip archive packed by one of `PACKED_METHODS`; behind the end nothing is looked at."""
    if method == DEFLATED:
        return deflated_pieces(source)
    if method == BZIP2:
        return bz2_pieces(source)
    if method == LZMA:
        return _zip_lzma_pieces(source)
    return streams(source, _lzma_decoder) if method == XZ else zstd_pieces(source)


def _lzma_decoder(_head: bytes) -> Decoder:
    # The dictionary is allotted by what the file says: 128 MiB hold every preset.
    return lzma.LZMADecompressor(memlimit=_MAX_WINDOW)


def _zip_lzma_pieces(stream: Source) -> Iterator[bytes]:
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
    return raw_lzma_pieces(stream, chain)


def raw_lzma_pieces(stream: Source, chain: list[dict[str, int]]) -> Iterator[bytes]:
    """LZMA without a header; the mark of its end is not obliged to be there."""
    make = partial(lzma.LZMADecompressor, lzma.FORMAT_RAW, filters=chain)
    with suppress(EOFError):
        yield from one_stream(stream, lambda _: make(), stream.tell())


def deflated_pieces(stream: Source) -> Iterator[bytes]:
    """Deflate without a header; behind its end nothing is looked at."""
    return one_stream(stream, lambda _: Inflater(-zlib.MAX_WBITS), stream.tell())


def bz2_pieces(stream: Source) -> Iterator[bytes]:
    return streams(stream, lambda _: bz2.BZ2Decompressor(), b"BZh")


def zstd_pieces(stream: Source) -> Iterator[bytes]:
    return streams(stream, frame_decoder, ZSTD)
