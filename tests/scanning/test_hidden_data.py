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
from scanning.scanners._media_ends import media_end
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
_FRAME = b"\xff\xfb\x90\x00" + bytes(413)  # 128 kbit/s at 44.1 kHz


def _part(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data


def _box(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", 8 + len(data)) + kind + data


def _tiff(order: str) -> bytes:
    entries = [(256, 3, 1, 1), (257, 3, 1, 1), (273, 4, 1, 8), (279, 4, 1, 6)]
    folder = b"".join(struct.pack(order + "HHII", *one) for one in entries)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 14)
    return head + bytes(6) + struct.pack(order + "H", len(entries)) + folder + bytes(4)


_SAMPLES = _part(b"fmt ", bytes(16)) + _part(b"data", bytes(8))
MEDIA = {
    "wav": _part(b"RIFF", b"WAVE" + _SAMPLES),
    "mp4": _box(b"ftyp", b"isom" + bytes(4)) + _box(b"moov", bytes(9)) + _box(b"mdat", bytes(40)),
    "ogg": (b"OggS\0" + bytes(21) + b"\x02\x03\x04" + bytes(7)) * 2,
    "mp3": b"ID3\x03\0\0\0\0\0\x05" + bytes(5) + _FRAME * 2,
    "mp3 without a title": _FRAME * 3,
    "ico": b"\0\0\1\0\1\0" + b"\x10\x10\0\0\1\0\x18\0" + struct.pack("<II", 9, 22) + bytes(9),
    "tiff": _tiff("<"),
    "tiff of the other order": _tiff(">"),
}
NO_END = {
    "wav": _part(b"RIFF", b"WAVE" + _part(b"fmt ", bytes(16)))[:-4],
    "wav with a long part": _part(b"RIFF", b"WAVEdata\xff\xff\xff\x7f"),
    "mp4": MEDIA["mp4"][:-1],
    "mp4 without what it shows": _box(b"ftyp", b"isom" + bytes(4)),
    "mp4 with a part of no size": _box(b"ftyp") + b"\0\0\0\1moov" + bytes(8),
    "ogg": MEDIA["ogg"][:-1],
    "ico": MEDIA["ico"][:-1],
    "tiff": _tiff("<")[:-1],
    "tiff in circles": b"II*\0\x08\0\0\0\0\0\x08\0\0",
}
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


@pytest.mark.parametrize("media", MEDIA.values(), ids=MEDIA)
@pytest.mark.parametrize(("behind", "expected"), BEHIND.values(), ids=BEHIND)
def test_what_stands_behind_sound_and_film_is_looked_at(media, behind, expected, scan_bytes):
    assert media_end(io.BytesIO(media + behind)) == len(media)
    assert scan_bytes("polyglots", media + behind, "a.bin").verdict == expected
    assert scan_bytes("plain_files", media, "a.bin").verdict is Verdict.CLEAN


@pytest.mark.parametrize("content", NO_END.values(), ids=NO_END)
def test_sound_and_film_without_an_end_are_incomplete(content, scan_bytes):
    assert scan_bytes("plain_files", content, "a.bin").verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize(
    "content",
    [
        _part(b"RIFF", b"WAVE" + _SAMPLES + _part(b"mine", EVIL_4)),
        MEDIA["mp4"] + _box(b"free", EVIL_4),
    ],
    ids=["wav", "mp4"],
)
def test_a_pickle_in_a_part_that_no_player_needs_is_unsafe(content, scan_bytes):
    assert scan_bytes("polyglots", content, "a.bin").verdict is Verdict.UNSAFE


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
