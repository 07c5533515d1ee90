from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from dataclasses import replace

import pytest

from scanning.scanners import Verdict, scanners
from tests.scanning.archives import tarred, zipped
from tests.scanning.pickles import CLEAN, EVIL, EVIL_4, TORCH_MAGIC, numpy_file, pickle, torch_zip


def with_encryption_bit(content: bytes) -> bytes:
    """Set flag bit 0 in every header; the bytes stay readable, and C readers do not look at it."""
    changed = bytearray(content)
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(magic)
        while at >= 0:
            changed[at + offset] |= 1
            at = content.find(magic, at + 1)
    return bytes(changed)


def with_wrong_crc(content: bytes) -> bytes:
    changed = bytearray(content)
    for magic, offset in ((b"PK\x03\x04", 14), (b"PK\x01\x02", 16)):
        at = content.find(magic)
        while at >= 0:
            changed[at + offset] ^= 0xFF
            at = content.find(magic, at + 1)
    return bytes(changed)


UNSAFE = {
    "torch zip": torch_zip(EVIL_4),
    "torch zip, deflated": torch_zip(EVIL_4, packed=True),
    "second pickle in a torch zip": torch_zip(CLEAN, extra={"archive/more.dat": EVIL}),
    "encryption bit": with_encryption_bit(torch_zip(EVIL_4)),
    "wrong CRC": with_wrong_crc(torch_zip(EVIL_4, packed=True)),
    "zip in a zip": zipped({"inner.zip": zipped({"x": EVIL_4})}, zipfile.ZIP_DEFLATED),
    "npz": zipped({"a.npy": numpy_file("'|O'", EVIL_4)}),
    "npy": numpy_file("'|O'", EVIL_4),
    "npy with fields": numpy_file("[('a', '<f8'), ('b', '|O')]", EVIL_4),
    "gzip": gzip.compress(EVIL),
    "gzip, second member": gzip.compress(CLEAN) + gzip.compress(EVIL),
    "gzip, cut short": gzip.compress(EVIL + bytes(range(256)) * 40)[:-30],
    "gzip, junk behind": gzip.compress(EVIL) + b"junk",
    "zlib": zlib.compress(EVIL),
    "bz2": bz2.compress(EVIL),
    "xz": lzma.compress(EVIL),
    "gzip of a torch zip": gzip.compress(torch_zip(EVIL_4)),
    "tar": tarred({"pickle": EVIL, "sys_info": CLEAN}),
    "tar with a link": tarred({"readme.txt": b"x"}, link="/etc/passwd"),
    "tar that climbs": tarred({"../up.txt": b"x"}),
    "zip that climbs": zipped({"../up.txt": b"x"}),
    "zip with a drive": zipped({"C:\\up.txt": b"x"}),
    "zip bomb": zipped({"zeros.txt": b" " * 20_000_000}, zipfile.ZIP_DEFLATED),
    "pickle before a zip": CLEAN + zipped({"x.pkl": EVIL_4}),
}
CLEAN_FILES = {
    "zip of a version to come": torch_zip(CLEAN).replace(
        b"PK\x01\x02\x14\x03\x14", b"PK\x01\x02\x14\x03\xff"
    ),
    "bzip2 inside a zip": zipped({"data.pkl": CLEAN * 50}, zipfile.ZIP_BZIP2),
    "torch zip": torch_zip(CLEAN),
    "torch zip, deflated": torch_zip(CLEAN, packed=True),
    "TorchScript source": torch_zip(
        CLEAN, extra={"archive/code/__torch__/m.py": b"class M(Module):\n  pass\n"}
    ),
    "npy": numpy_file("'<f8'", b"\x00" * 16),
    "npy of objects": numpy_file("'|O'", CLEAN),
    "npz": zipped({"a.npy": numpy_file("'<f8'", b"\x00" * 16)}),
    "gzip": gzip.compress(CLEAN),
    "gzip with padding": gzip.compress(CLEAN) + b"\x00" * 20,
    "tar": tarred({"pickle": CLEAN, "storages": CLEAN + b"\xff" * 50, "tensors": CLEAN}),
    "zip of prose": zipped({"README.md": b"# hello\n", "empty": b""}),
}
INCOMPLETE = {
    "unknown member": zipped({"weights.bin": b"\x00\x01\x02\x03" * 9}),
    "Keras archive": zipped({"config.json": b"{}", "model.weights.h5": b"\x89HDF\r\n\x1a\n"}),
    "7z": b"7z\xbc\xaf\x27\x1c" + b"\x00" * 40,
    "zstd": b"\x28\xb5\x2f\xfd" + b"\x00" * 40,
    "zip without a directory": torch_zip(CLEAN)[:-40],
    "gzip, cut short": gzip.compress(CLEAN)[:-9],
    "npy of a future version": b"\x93NUMPY\x09\x00" + b"\x00" * 40,
    "npy with code in its header": numpy_file("__import__('os')", b""),
    "five gzips deep": gzip.compress(
        gzip.compress(gzip.compress(gzip.compress(gzip.compress(CLEAN))))
    ),
}
SUSPICIOUS = {
    "claims encryption": with_encryption_bit(torch_zip(CLEAN)),
    "code in an archive": zipped({"setup.py": b"import os\n"}),
    "clean pickle and zip": CLEAN + zipped({"x.txt": b"hello"}),
}


@pytest.mark.parametrize("content", UNSAFE.values(), ids=UNSAFE)
def test_danger_inside_a_container_is_unsafe(scan_bytes, content):
    assert scan_bytes("pickle_ops", content, "model.bin").verdict is Verdict.UNSAFE


@pytest.mark.parametrize("content", CLEAN_FILES.values(), ids=CLEAN_FILES)
def test_a_harmless_container_is_clean(scan_bytes, content):
    report = scan_bytes("pickle_ops", content, "model.bin")
    assert (report.verdict, report.findings, report.detail) == (Verdict.CLEAN, (), "")


@pytest.mark.parametrize("content", INCOMPLETE.values(), ids=INCOMPLETE)
def test_a_container_that_cannot_be_looked_through_is_incomplete(scan_bytes, content):
    report = scan_bytes("pickle_ops", content, "model.bin")
    assert report.verdict is Verdict.INCOMPLETE
    assert report.detail


@pytest.mark.parametrize("content", SUSPICIOUS.values(), ids=SUSPICIOUS)
def test_an_odd_container_is_suspicious(scan_bytes, content):
    assert scan_bytes("pickle_ops", content, "model.bin").verdict is Verdict.SUSPICIOUS


def test_a_member_is_named_in_the_finding(scan_bytes):
    finding = scan_bytes("pickle_ops", torch_zip(EVIL_4), "model.bin").findings[0]
    assert finding.location == "archive/data.pkl"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_suspicious(scan_bytes):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", CLEAN)
        archive.writestr("archive/data.pkl", CLEAN)
    report = scan_bytes("pickle_ops", buffer.getvalue(), "model.bin")
    assert [finding.rule for finding in report.findings] == ["zip_duplicate"]


def test_a_member_with_another_name_in_its_own_header_is_suspicious(scan_bytes):
    content = bytearray(torch_zip(CLEAN))
    content[30] ^= 0x01
    report = scan_bytes("pickle_ops", bytes(content), "model.bin")
    assert report.verdict is Verdict.SUSPICIOUS


def test_more_than_may_be_unpacked_is_incomplete_and_what_came_before_is_read(tmp_path, options):
    scanner = scanners.get("pickle_ops")(replace(options, max_unpacked_bytes=1000))
    path = tmp_path / "big.gz"
    path.write_bytes(gzip.compress(CLEAN + b"\x00" * 5000))
    assert scanner.scan(path, path).verdict is Verdict.INCOMPLETE
    path.write_bytes(gzip.compress(EVIL + b"\x00" * 3_000_000))
    assert scanner.scan(path, path).verdict is not Verdict.CLEAN


def test_a_legacy_torch_file_may_carry_raw_tensors_behind_its_pickles(scan_bytes):
    content = TORCH_MAGIC + pickle(b"K\x01") + CLEAN * 2 + pickle(b"]") + b"\xff\x00" * 99
    assert scan_bytes("pickle_ops", content, "model.pth").verdict is Verdict.CLEAN


def test_raw_bytes_of_a_tensor_are_not_taken_for_a_pickle(scan_bytes):
    storage = {"archive/data/1": b"\x80\x02" + b"\xff" * 30}
    assert scan_bytes("pickle_ops", torch_zip(CLEAN, extra=storage), "m.pt").verdict is (
        Verdict.CLEAN
    )


def test_a_pickle_in_the_place_of_a_tensor_is_unsafe(scan_bytes):
    storage = {"archive/data/1": EVIL_4}
    report = scan_bytes("pickle_ops", torch_zip(CLEAN, extra=storage), "m.pt")
    assert report.verdict is Verdict.UNSAFE
