"""What was unpacked before a fault is looked at, as loaders that read in small steps do."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import zlib
from collections.abc import Callable

import lz4.block
import lz4.frame
import pytest
import zstandard

from scanning.scanners import Verdict
from scanning.scanners._decoders import UNPACK_FAULTS
from scanning.scanners._sniff import Kind, sniff
from scanning.scanners._unpacking import decompressed
from tests.scanning.pickles import CLEAN, EVIL, EVIL_4

PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress,
    "lz4": lambda data: lz4.frame.compress(data, content_checksum=True),
}
_END = {"gzip": 5, "zlib": 1, "bz2": 3, "xz": 5, "zstd": 1, "lz4": 1}  # where a checksum stands


def verdict(scan_bytes: Callable, content: bytes) -> Verdict:
    return scan_bytes("pickle_ops", content, "model.bin").verdict


def wrong(content: bytes, place: int) -> bytes:
    return content[:-place] + bytes([content[-place] ^ 0x55]) + content[len(content) - place + 1 :]


@pytest.mark.parametrize("kind", _END)
@pytest.mark.parametrize(("inside", "expected"), [(EVIL_4, "unsafe"), (CLEAN, "incomplete")])
def test_a_wrong_checksum_hides_nothing(kind, inside, expected, scan_bytes):
    assert verdict(scan_bytes, wrong(PACK[kind](inside), _END[kind])) == expected


@pytest.mark.parametrize("kind", PACK)
def test_all_but_a_byte_before_a_fault_is_kept(kind):
    plain = bytes(range(256)) * 3000 + EVIL
    whole = PACK[kind](plain)
    assert b"".join(decompressed(Kind(kind), io.BytesIO(whole))) == plain
    kept: list[bytes] = []
    damaged = decompressed(Kind(kind), io.BytesIO(wrong(whole, _END.get(kind, 1))))
    with pytest.raises(UNPACK_FAULTS):
        kept.extend(damaged)  # a list keeps what came before
    assert plain.startswith(found := b"".join(kept))
    assert len(found) >= len(plain) - 1


def skipped(content: bytes) -> bytes:
    return b"\x52\x2a\x4d\x18" + struct.pack("<I", len(content)) + content


def old_lz4(content: bytes) -> bytes:
    block = lz4.block.compress(content, store_size=False)
    return b"\x02\x21\x4c\x18" + struct.pack("<I", len(block)) + block


def with_flags(content: bytes, flags: int, fields: bytes = b"") -> bytes:
    """Python's reader goes over flags it does not know, and does not check a header's sum."""
    return content[:3] + bytes([flags]) + content[4:10] + fields + content[10:]


_GZIP = gzip.compress(EVIL_4)
_ALONE = lzma.compress(EVIL_4, lzma.FORMAT_ALONE, filters=[
    {"id": lzma.FILTER_LZMA1, "dict_size": 4096, "lc": 1, "lp": 1, "pb": 1}])  # fmt: skip
UNSAFE = {
    "second member of gzip behind a wrong one": wrong(gzip.compress(CLEAN), 5) + _GZIP,
    "gzip with a wrong sum of its header": with_flags(_GZIP, 2, b"xx"),
    "gzip with an unknown flag": with_flags(_GZIP, 0x80),
    "gzip with all fields": with_flags(_GZIP, 28, b"\x01\x00xname\0note\0"),
    "frame that is gone over": skipped(b"words") + zstandard.compress(EVIL_4),
    "the same before lz4": skipped(b"words") + lz4.frame.compress(EVIL_4),
    "zstd, then lz4": zstandard.compress(CLEAN) + lz4.frame.compress(EVIL_4),
    "lz4 of old": old_lz4(EVIL_4),
    "LZMA alone with other properties": _ALONE,
    "joblib's length without 0x": b"ZF" + b"19".ljust(19) + zlib.compress(EVIL_4),
}


@pytest.mark.parametrize("content", UNSAFE.values(), ids=UNSAFE)
def test_packing_is_known_in_every_form(content, scan_bytes):
    assert verdict(scan_bytes, content) is Verdict.UNSAFE


def test_what_nothing_unpacks_is_told_by_name(scan_bytes):
    report = scan_bytes("pickle_ops", b"\x1f\x9d\x90" + bytes(60), "model.pkl.Z")
    assert report.verdict is Verdict.INCOMPLETE
    assert "compress" in report.detail


def test_a_header_length_that_looks_like_zlib_is_safetensors():
    header = b'{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}'.ljust(0x178)
    assert sniff(struct.pack("<Q", len(header)) + header) is Kind.SAFETENSORS
