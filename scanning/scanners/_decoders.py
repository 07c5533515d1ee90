"""Decoders of all that is packed, each in the shape of those of bz2, lzma and lz4."""

from __future__ import annotations

import lzma
import struct
import zlib
from typing import Any, Protocol

from scanning.scanners.base import MEBIBYTE

READ_STEP = 64 * 1024
_MAX_WINDOW = 128 * MEBIBYTE
GZIP, _GZIP_HEAD, _GZIP_END = b"\x1f\x8b\x08", 10, struct.Struct("<2L")
_HEADER_CRC, _EXTRA, _NAME, _COMMENT = 2, 4, 8, 16
_LONGEST_NAME = 16 * MEBIBYTE
_FULL32 = 0xFFFFFFFF
ZSTD, LZ4, OLD_LZ4 = b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"\x02\x21\x4c\x18"
_SKIPPED, _SKIPPED_FIRST = b"\x2a\x4d\x18", 0x50
_WORD, _SKIP_HEAD = 4, 8
_OLD_BLOCK = 8 * MEBIBYTE
_LARGEST_BLOCK = _OLD_BLOCK + _OLD_BLOCK // 255 + 16
_ZSTD_STEP = 1024  # zstd unpacks all it is given at once: 32 MiB at worst
UNPACK_FAULTS = (OSError, EOFError, ValueError, RuntimeError, zlib.error, lzma.LZMAError)


class UnpackFaultError(ValueError):
    """What a library calls its own error, or the library is not installed."""


class Decoder(Protocol):
    """How bz2, lzma and lz4 unpack one stream."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes | None: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class Inflater:
    """zlib's decoder in the shape of the others; `wbits` says what stands around the data."""

    def __init__(self, wbits: int) -> None:
        self._engine = zlib.decompressobj(wbits)
        self._kept = b""
        self._is_full = False

    @property
    def eof(self) -> bool:
        return self._engine.eof

    @property
    def needs_input(self) -> bool:
        return self._engine.eof or not (self._kept or self._is_full)

    @property
    def unused_data(self) -> bytes:
        return self._engine.unused_data

    def decompress(self, data: bytes, max_length: int = 0) -> bytes:
        piece = self._engine.decompress(self._kept + data, max_length)
        self._kept = self._engine.unconsumed_tail
        self._is_full = len(piece) == max_length  # what is unpacked already may be more
        return piece


class Gzip(Inflater):
    """Python's gzip asks less of a header than zlib does: flags and checksum of it mean nothing."""

    def __init__(self) -> None:
        super().__init__(-zlib.MAX_WBITS)
        self._head = b""
        self._is_open = False
        self._crc = self._size = 0
        self._behind = b""

    @property
    def eof(self) -> bool:
        return self._is_complete and not self._is_wrong

    @property
    def needs_input(self) -> bool:
        return super().needs_input and not self._is_complete

    @property
    def unused_data(self) -> bytes:
        return self._behind[_GZIP_END.size :]

    @property
    def _is_complete(self) -> bool:
        return super().eof and len(self._behind) >= _GZIP_END.size

    @property
    def _is_wrong(self) -> bool:
        return _GZIP_END.unpack_from(self._behind) != (self._crc, self._size & _FULL32)

    def decompress(self, data: bytes, max_length: int = 0) -> bytes:
        if not self._is_open:
            self._head += data
            start = _behind_gzip_header(self._head)
            if start > len(self._head):
                return b""
            data, self._head, self._is_open = self._head[start:], b"", True
        if self._is_complete:
            raise UnpackFaultError("checksum or size are others than the data has")
        if super().eof:
            self._behind += data
            return b""
        piece = super().decompress(data, max_length)
        self._behind = super().unused_data
        self._crc = zlib.crc32(piece, self._crc)
        self._size += len(piece)
        return piece


def _behind_gzip_header(head: bytes) -> int:
    """Where the data begins; more than there is when the header goes on."""
    more, at = len(head) + 1, _GZIP_HEAD
    if len(head) < at:
        return more
    if head[:3] != GZIP or len(head) > _LONGEST_NAME:
        raise UnpackFaultError("no header of gzip")
    flags = head[3]
    if flags & _EXTRA:
        at += 2 + int.from_bytes(head[at : at + 2], "little")
    for flag in (_NAME, _COMMENT):
        if flags & flag:
            at = head.find(b"\0", at) + 1 or more
    return at + 2 if flags & _HEADER_CRC else at


class ZstdDecoder:
    """zstandard's decoder of one frame in the shape of the others; it knows no `max_length`."""

    needs_input = True

    def __init__(self) -> None:
        try:
            import zstandard  # noqa: PLC0415 only where a file is packed so
        except ImportError as error:
            raise UnpackFaultError("the zstandard package is not installed") from error
        self._fault: type[Exception] = zstandard.ZstdError
        self._engine: Any = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW).decompressobj()
        self.step = _ZSTD_STEP

    @property
    def eof(self) -> bool:
        return bool(self._engine.eof)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._engine.unused_data)

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        try:
            return bytes(self._engine.decompress(data))
        except self._fault as error:
            raise UnpackFaultError(str(error)) from error


class Skipper:
    """Goes over a frame that readers of zstd and lz4 go over."""

    needs_input = True

    def __init__(self, size: int) -> None:
        self._left = size
        self.unused_data = b""

    @property
    def eof(self) -> bool:
        return self._left <= 0

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        self.unused_data = data[self._left :]
        self._left -= len(data)
        return b""


class OldLz4:
    """The frame of lz4 before there were frames: blocks of 8 MiB to the end, or to a magic."""

    needs_input = True

    def __init__(self) -> None:
        self._kept = bytearray()
        self._is_open = False
        self.eof = False
        self.unused_data = b""

    @property
    def may_end(self) -> bool:
        return self._is_open and not self._kept

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        self._kept += data
        out = []
        if not self._is_open and len(self._kept) >= len(OLD_LZ4):
            del self._kept[: len(OLD_LZ4)]
            self._is_open = True
        while self._is_open and len(self._kept) >= _WORD:
            size = int.from_bytes(self._kept[:_WORD], "little")
            if size > _LARGEST_BLOCK:  # no size: a frame begins
                self.eof, self.unused_data = True, bytes(self._kept)
                break
            if len(self._kept) < _WORD + size:
                break
            out.append(_lz4_block(bytes(self._kept[_WORD : _WORD + size])))
            del self._kept[: _WORD + size]
        return b"".join(out)


def _lz4_block(content: bytes) -> bytes:
    from lz4 import block  # noqa: PLC0415 only where a file is packed so

    return bytes(block.decompress(content, uncompressed_size=_OLD_BLOCK))


def frame_decoder(head: bytes) -> Decoder:
    """Of zstd and lz4, whose frames may follow each other, and of those that both go over."""
    if is_skipped(head):
        return Skipper(skipped_size(head))
    if head.startswith(ZSTD):
        return ZstdDecoder()
    if head.startswith((LZ4, OLD_LZ4)):
        return _lz4_decoder(OldLz4 if head.startswith(OLD_LZ4) else None)
    raise UnpackFaultError("bytes that begin no frame")


def is_skipped(head: bytes) -> bool:
    return head[1:_WORD] == _SKIPPED and head[0] & 0xF0 == _SKIPPED_FIRST


def skipped_size(head: bytes) -> int:
    return _SKIP_HEAD + int.from_bytes(head[_WORD:_SKIP_HEAD], "little")


def _lz4_decoder(old: type[OldLz4] | None) -> Decoder:
    try:
        from lz4 import frame  # noqa: PLC0415 only where a file is packed so
    except ImportError as error:
        raise UnpackFaultError("the lz4 package is not installed") from error
    decoder: Decoder = old() if old else frame.LZ4FrameDecompressor()
    return decoder
