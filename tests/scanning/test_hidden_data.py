"""Bytes that a format's own reader never shows: behind a picture's end, in comments and chunks."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib

import pytest

from scanning.scanners import Verdict
from scanning.scanners._image_ends import picture_end
from scanning.scanners._tensors.thrift import is_struct
from tests.scanning.archives import zipped
from tests.scanning.pickles import CLEAN, EVIL_4, torch_zip


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


_HEAD = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
_END = chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
PICTURES = {
    "png": _HEAD + chunk(b"tEXt", b"Title\0words") + _END,
    "gif": b"GIF89a\x01\0\x01\0\x80\0\0" + bytes(6) + b"!\xf9\x04" + bytes(5)
    + b",\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;",
    "jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF" + bytes(10)
    + b"\xff\xda\0\x02\x11\xff\0\xff\xd3\x33\xff\xd9",
    "bmp": b"BM" + struct.pack("<IIIIiiHHI", 58, 0, 54, 40, 1, 1, 1, 24, 0) + bytes(24),
    "webp": b"RIFF" + struct.pack("<I", 12) + b"WEBPVP8 " + bytes(4),
}  # fmt: skip
BEHIND = {
    "pickle": (EVIL_4, "unsafe"),
    "torch": (torch_zip(EVIL_4), "unsafe"),
    "gzip": (gzip.compress(EVIL_4), "unsafe"),
    "python": (b"def words():\n    return 1\n", "suspicious"),
    "program": (b"\x7fELF" + bytes(60), "suspicious"),
    "program behind padding": (bytes(4) + b"\x7fELF" + bytes(60), "suspicious"),
    "a few bytes": (b"\x1a\x14\x00;;\xba\n", "clean"),
    "padding": (bytes(40), "clean"),
    "nothing": (b"", "clean"),
}


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
@pytest.mark.parametrize(("behind", "expected"), BEHIND.values(), ids=BEHIND)
def test_what_stands_behind_a_picture_is_looked_at(picture, behind, expected, scan_bytes):
    assert picture_end(io.BytesIO(picture + behind)) == len(picture)
    assert scan_bytes("polyglots", picture + behind, "a.png").verdict == expected


def test_a_bitmap_that_says_it_is_longer_is_as_long_as_its_rows(scan_bytes):
    content = bytearray(PICTURES["bmp"] + EVIL_4)
    struct.pack_into("<I", content, 2, len(content))
    assert scan_bytes("polyglots", bytes(content), "a.bmp").verdict is Verdict.UNSAFE


def test_the_same_inside_of_an_archive(scan_bytes):
    content = zipped({"data/a.png": PICTURES["png"] + EVIL_4})
    assert scan_bytes("pickle_ops", content, "a.zip").verdict is Verdict.UNSAFE


@pytest.mark.parametrize(
    "content",
    [_HEAD + chunk(b"piCk", EVIL_4) + _END, _HEAD[:8] + b"\xff\xff\xff\xffIDAT" + EVIL_4],
    ids=["chunk of its own", "no end"],
)
def test_a_pickle_inside_of_a_picture_is_unsafe(content, scan_bytes):
    assert scan_bytes("polyglots", content, "a.png").verdict is Verdict.UNSAFE


def with_methods(content: bytes, own: int, central: int) -> bytes:
    changed = bytearray(content)
    struct.pack_into("<H", changed, 8, own)
    struct.pack_into("<H", changed, changed.find(b"PK\x01\x02") + 10, central)
    return bytes(changed)


def commented(comment: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "words")
        archive.comment = comment
    return buffer.getvalue()


_STORED = zipped({"m.pkl": EVIL_4})
_PACKED = zipped({"m.pkl": EVIL_4}, zipfile.ZIP_DEFLATED)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (with_methods(_STORED, own=0, central=8), "unsafe"),
        (with_methods(_STORED, own=0, central=99), "unsafe"),
        (with_methods(_PACKED, own=8, central=0), "unsafe"),
        (with_methods(_STORED, own=9, central=9), "incomplete"),
        (with_methods(_STORED, own=98, central=98), "incomplete"),
        (commented(EVIL_4), "unsafe"),
        (commented(b"written by hand"), "clean"),
    ],
)
def test_a_member_is_read_in_every_way_that_is_told(content, expected, scan_bytes):
    assert scan_bytes("pickle_ops", content, "m.zip").verdict == expected


# {1: version 1, 2: [a schema with a name], 3: 0 rows, 4: no groups of rows}
_FOOTER = b"\x15\x02\x19\x1c\x48\x01a\x00\x16\x00\x19\x0c\x00"


def parquet(footer: bytes) -> bytes:
    return b"PAR1" + footer + struct.pack("<I", len(footer)) + b"PAR1"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (parquet(_FOOTER), "clean"),
        (parquet(b""), "suspicious"),
        (parquet(b"\x00"), "suspicious"),
        (parquet(CLEAN), "suspicious"),
        (parquet(_FOOTER + b"x"), "suspicious"),
        (b"PAR1" + bytes(30) + b"PAR1", "suspicious"),
        (b"ARROW1\0\0" + EVIL_4 + bytes(4) + b"ARROW1", "suspicious"),
    ],
)
def test_a_table_without_a_table_is_not_clean(content, expected, scan_bytes):
    assert scan_bytes("column_files", content, "t.parquet").verdict == expected


def test_nesting_and_counts_of_a_footer_are_bounded():
    assert not is_struct(b"\x1c" * 5000)
    assert not is_struct(b"\x19\xf5\xff\xff\xff\xff\x0f\x00")
