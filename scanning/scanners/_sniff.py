"""Say what bytes are from their first bytes. The name of a file is never asked here."""

from __future__ import annotations

import codecs
import re
from enum import StrEnum
from pathlib import PurePath

from scanning.scanners._media_ends import is_media

MAX_SAFETENSORS_HEADER = 100_000_000


class Kind(StrEnum):
    EMPTY = "empty"
    PICKLE = "pickle"
    ZIP = "zip"
    TAR = "tar"
    GZIP = "gzip"
    ZLIB = "zlib"
    ZFILE = "joblib zfile"
    BZ2 = "bz2"
    XZ = "xz"
    LZMA = "lzma"
    ZSTD = "zstd"
    LZ4 = "lz4"
    LZW = "compress"
    SEVENZIP = "7z"
    RAR = "rar"
    NPY = "npy"
    SAFETENSORS = "safetensors"
    GGUF = "gguf"
    HDF5 = "hdf5"
    RDATA = "r data"
    IMAGE = "image"
    MEDIA = "media"
    EXECUTABLE = "executable"
    TEXT = "text"
    UNKNOWN = "unknown"


COMPRESSED = frozenset(
    {Kind.GZIP, Kind.ZLIB, Kind.BZ2, Kind.XZ, Kind.LZMA, Kind.ZSTD, Kind.LZ4, Kind.ZFILE}
)
UNREADABLE_ARCHIVES = frozenset({Kind.RAR, Kind.LZW})
# Not .model: SentencePiece's own suffix, so content alone decides.
_PICKLE_NAMES = (
    ".pkl .pickle .p .pk .pt .pth .pt2 .ptl .bin .ckpt .joblib .jbl .dill .dat .data .npy .npz "
    ".sav .mdl .th .tar .pdparams"
)
PICKLE_SUFFIXES = frozenset(_PICKLE_NAMES.split())
_CODE_NAMES = (
    ".py .pyc .pyw .pyi .pyx .ipynb .sh .bash .zsh .bat .cmd .ps1 .js .mjs .cjs .ts .lua .rb .pl "
    ".php .r .jl .vbs .java .so .dll .dylib .exe"
)
CODE_SUFFIXES = frozenset(_CODE_NAMES.split())

_BESIDE_GRAPH = re.compile(
    r"\.onnx[._]data(_\d+)?\Z|\.data-\d{5}-of-\d{5}\Z|\Aopenvino_\w+\.bin\Z", re.IGNORECASE
)
# HDF5 may begin behind a block of the user's: as long as this, or twice, four times ...
HDF5, HDF5_BLOCK = b"\x89HDF\r\n\x1a\n", 512
_MAGIC: tuple[tuple[bytes, Kind], ...] = (
    (b"PK\x03\x04", Kind.ZIP),
    (b"PK\x05\x06", Kind.ZIP),
    (b"\x1f\x8b", Kind.GZIP),
    (b"BZh", Kind.BZ2),
    (b"\xfd7zXZ\x00", Kind.XZ),
    (b"\x5d\x00\x00", Kind.LZMA),
    (b"\x28\xb5\x2f\xfd", Kind.ZSTD),
    (b"\x04\x22\x4d\x18", Kind.LZ4),
    (b"\x02\x21\x4c\x18", Kind.LZ4),
    (b"\x1f\x9d", Kind.LZW),
    (b"7z\xbc\xaf\x27\x1c", Kind.SEVENZIP),
    (b"Rar!\x1a\x07", Kind.RAR),
    (b"\x93NUMPY", Kind.NPY),
    (b"GGUF", Kind.GGUF),
    (HDF5, Kind.HDF5),
    (b"\x89PNG\r\n\x1a\n", Kind.IMAGE),
    (b"\xff\xd8\xff", Kind.IMAGE),
    (b"GIF87a", Kind.IMAGE),
    (b"GIF89a", Kind.IMAGE),
    (b"RDX2\n", Kind.RDATA),
    (b"RDX3\n", Kind.RDATA),
    (b"RDA2\n", Kind.RDATA),
    (b"RDA3\n", Kind.RDATA),
    (b"RDB2\n", Kind.RDATA),
    (b"RDB3\n", Kind.RDATA),
    (b"X\n\x00\x00\x00\x02", Kind.RDATA),
    (b"X\n\x00\x00\x00\x03", Kind.RDATA),
    (b"B\n\x02\x00\x00\x00", Kind.RDATA),
    (b"B\n\x03\x00\x00\x00", Kind.RDATA),
    (b"\x7fELF", Kind.EXECUTABLE),
    (b"MZ", Kind.EXECUTABLE),
    (b"\xcf\xfa\xed\xfe", Kind.EXECUTABLE),
    (b"\xca\xfe\xba\xbe", Kind.EXECUTABLE),
)
_USTAR = slice(257, 262)
_TAR_SUM = slice(148, 156)
_TAR_BLOCK = 512
_OCTAL = re.compile(rb"[0-7]{1,7}\Z")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_BITMAP = re.compile(rb"BM.{4}\x00{4}.{4}[\x0c\x28\x38\x6c\x7c]\x00{3}", re.DOTALL)
# The format's version, that of R, and the oldest reader's: words of numbers, as R reads them.
_R_TEXT = re.compile(rb"A\n\s*[+0]*[23]\S*\s+\+?\d\S*\s+\+?\d\S*\s")
# The length of a safetensors header may be the same bytes, then a zero, which is no opcode.
_PROTO = re.compile(rb"\x80[\x00-\x05]")
# The longer mark first: that of UTF-16 begins that of UTF-32.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BY_ZEROS = {
    b"\x01\x00\x01\x00": "utf-16-le",
    b"\x00\x01\x00\x01": "utf-16-be",
    b"\x01\x00\x00\x00": "utf-32-le",
    b"\x00\x00\x00\x01": "utf-32-be",
}
_ZFILE = re.compile(rb"ZF[\s\dA-Fa-fxX_+-]{19}")  # what joblib reads as a hexadecimal length
_SKIPPED_FRAME = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")  # which readers of zstd and lz4 go over
_LZMA_HEAD, _LZMA_MODES = 14, 225
_ZLIB_FIRST = 0x78
_ZLIB_CHECK = 31


def sniff(head: bytes) -> Kind:
    """Name the kind of content that starts with `head` (as much of it as `HEAD_BYTES`)."""
    if not head:
        return Kind.EMPTY
    for magic, kind in _MAGIC:
        if head.startswith(magic) and not (kind is Kind.EXECUTABLE and is_text(head)):
            return kind
    if head[_USTAR] == b"ustar" or _is_old_tar(head):
        return Kind.TAR
    return _sniff_without_magic(head)


def _sniff_without_magic(head: bytes) -> Kind:
    if (head.startswith(b"RIFF") and head[8:12] == b"WEBP") or _BITMAP.match(head):
        return Kind.IMAGE
    if _PROTO.match(head) and not (_is_safetensors(head) and head[2] == 0):
        return Kind.PICKLE
    if _R_TEXT.match(head):
        return Kind.RDATA
    if _is_safetensors(head):
        return Kind.SAFETENSORS
    return Kind.TEXT if is_text(head) else _packed_without_magic(head)


def _packed_without_magic(head: bytes) -> Kind:
    if _is_zlib(head) or _ZFILE.match(head):
        return Kind.ZLIB if _is_zlib(head) else Kind.ZFILE
    if _SKIPPED_FRAME.match(head):
        return Kind.ZSTD  # or of lz4, which is unpacked alike
    if is_media(head):
        return Kind.MEDIA
    if _is_hdf5_behind(head):
        return Kind.HDF5
    return Kind.LZMA if _is_lzma(head) else Kind.UNKNOWN


def _is_hdf5_behind(head: bytes) -> bool:
    place = HDF5_BLOCK
    while place < len(head):
        if head.startswith(HDF5, place):
            return True
        place *= 2
    return False


def _is_old_tar(head: bytes) -> bool:
    """Tar before POSIX has no magic: its readers go by the sum of the first header's bytes."""
    field = head[_TAR_SUM].strip(b"\x00 ")
    if len(head) < _TAR_BLOCK or not _OCTAL.match(field):
        return False
    total = sum(head[:_TAR_BLOCK]) - sum(head[_TAR_SUM]) + 8 * ord(" ")
    return int(field, 8) == total and bool(head[0])


def _is_zlib(head: bytes) -> bool:
    return head[0] == _ZLIB_FIRST and int.from_bytes(head[:2], "big") % _ZLIB_CHECK == 0


def _is_lzma(head: bytes) -> bool:
    """LZMA without a container, by what its readers ask of the first bytes."""
    if len(head) < _LZMA_HEAD or head[0] >= _LZMA_MODES or head[_LZMA_HEAD - 1]:
        return False
    window, size = int.from_bytes(head[1:5], "little"), head[5:13]
    is_round = bool(window) and (window & window - 1) in {0, 1 << max(0, window.bit_length() - 2)}
    return is_round and (size == b"\xff" * 8 or (not any(size[5:]) and any(size)))


def _is_safetensors(head: bytes) -> bool:
    length = int.from_bytes(head[:8], "little")
    return head[8:9] == b"{" and len("{}") <= length <= MAX_SAFETENSORS_HEADER


def is_text(head: bytes) -> bool:
    """UTF-8 without control characters; a character cut at the end of `head` is no fault."""
    if _CONTROL.search(head):
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def is_beside_graph(name: PurePath) -> bool:
    """Whether ONNX, OpenVINO and TensorFlow name files of mere numbers so."""
    return bool(_BESIDE_GRAPH.search(name.name))


def has_code_suffix(name: PurePath) -> bool:
    return name.suffix.lower() in CODE_SUFFIXES


def wide_encoding(head: bytes) -> str | None:
    """The encoding of text in more than one byte for each letter, told by its mark or its zeros."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    zeros = bytes(bool(one) for one in head[:4])
    return _BY_ZEROS.get(zeros)
