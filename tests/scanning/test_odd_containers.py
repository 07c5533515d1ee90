"""Containers that two readers see differently, and what is packed in less common ways."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import struct
import zipfile
import zlib

import lz4.frame
import pytest
import zstandard

from scanning.scanners import Verdict, scanners
from tests.scanning.archives import tarred, zipped
from tests.scanning.pickles import CLEAN, EVIL, EVIL_4, call, numpy_file, pickle, torch_zip


def sevenzip(content: bytes, name: str = "model.pkl", *, coder: bytes = b"\x01\x00") -> bytes:
    """One file in one folder; the coder stores it, unless `content` is packed as it says."""
    packed = content if coder == b"\x01\x00" else lzma.compress(content, lzma.FORMAT_RAW, filters=[
        {"id": lzma.FILTER_LZMA2, "preset": 6}])  # fmt: skip
    title = b"\x00" + name.encode("utf-16-le") + b"\x00\x00"
    header = b"\x01\x04"
    header += b"\x06\x00\x01\x09" + number(len(packed)) + b"\x00"
    header += b"\x07\x0b\x01\x00\x01" + coder + b"\x0c" + number(len(content)) + b"\x00\x00"
    header += b"\x05\x01\x11" + number(len(title)) + title + b"\x00\x00"
    start = struct.pack("<QQI", len(packed), len(header), zlib.crc32(header))
    head = b"7z\xbc\xaf\x27\x1c\x00\x04" + struct.pack("<I", zlib.crc32(start)) + start
    return head + packed + header


def number(value: int) -> bytes:
    return bytes([value]) if value < 0x80 else bytes([0x80 | value >> 8, value & 0xFF])


LZMA2 = b"\x21\x21\x01\x18"


def zfile(content: bytes) -> bytes:
    return b"ZF" + hex(len(content)).encode().ljust(19) + zlib.compress(content)


TEMPLATE = json.dumps({"chat_template": "{{ ''.__class__ }}"}).encode()


def with_second_name(name: str) -> bytes:
    """The field that Info-ZIP has for names in Unicode."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        member = zipfile.ZipInfo("notes.txt")
        raw = b"\x01" + struct.pack("<I", zlib.crc32(b"notes.txt")) + name.encode()
        member.extra = struct.pack("<HH", 0x7075, len(raw)) + raw
        archive.writestr(member, b"words")
    return buffer.getvalue()


def with_header_changed(content: bytes, magic: bytes, offset: int, value: bytes) -> bytes:
    at = content.find(magic)
    return content[: at + offset] + value + content[at + offset + len(value) :]


def skops(*nodes: dict[str, object]) -> bytes:
    schema = {"protocol": 2, "content": list(nodes)}
    return zipped({"schema.json": json.dumps(schema).encode()})


def node(module: str, name: str, loader: str = "ObjectNode", **more: object) -> dict[str, object]:
    return {"__module__": module, "__class__": name, "__loader__": loader, **more}


_FUNCTION = {"module_path": "os", "function": "system"}
SKOPS = json.dumps({"content": [node("x", "f", "FunctionNode", content=_FUNCTION)]}).encode()


def hidden_between() -> bytes:
    """A second archive's member stands before the first, and no directory lists it."""
    return zipped({"data.pkl": EVIL_4})[: 30 + 8 + len(EVIL_4)] + zipped({"a.txt": b"words"})


def deflated_in_pickle() -> bytes:
    archive = torch_zip(EVIL_4, packed=True)
    constant = b"B" + struct.pack("<I", len(archive)) + archive
    return pickle(call("torch.storage", "_load_from_bytes", constant))


def joined_directories() -> bytes:
    return zipped({"a.txt": b"words"}) + zipped({"data.pkl": EVIL_4})


def without_magic(content: bytes) -> bytes:
    """As tar was before POSIX: no magic, and the sum of the header without it."""
    head = bytearray(content[:512])
    head[257:265] = bytes(8)
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\x00 " % sum(head)
    return bytes(head) + content[512:]


UNSAFE = {
    "7z, stored": sevenzip(EVIL_4),
    "7z, packed": sevenzip(EVIL_4 * 40, coder=LZMA2),
    "zstd": zstandard.compress(EVIL_4),
    "zstd, two frames": zstandard.compress(CLEAN) + zstandard.compress(EVIL_4),
    "lz4": lz4.frame.compress(EVIL_4),
    "zip, packed by LZMA": zipped({"x.pkl": EVIL_4}, zipfile.ZIP_LZMA),
    "second name that leads away": with_second_name("../../evil.txt"),
    "joblib's own file of old": zfile(EVIL_4),
    "behind an array": numpy_file("'<f8'", bytes(16)) + EVIL_4,
    "array of Python 2": numpy_file("'|O'", EVIL).replace(b"(1,)", b"(1L,)"),
    "template in a zip": zipped({"tokenizer_config.json": TEMPLATE}),
    "target in a tar": tarred({"./model_config.yaml": b"target: os.system\n"}),
    "xz, two streams": lzma.compress(CLEAN) + lzma.compress(EVIL_4),
    "behind the end of a tar": tarred({"a.txt": b"words"}) + tarred({"x.pkl": EVIL_4}),
    "a tar without magic": without_magic(tarred({"x.pkl": EVIL_4})),
    "member that no directory lists": hidden_between(),
    "a sharded checkpoint with one that runs": torch_zip(CLEAN) + torch_zip(EVIL_4),
    "a sharded checkpoint that runs at its start": torch_zip(EVIL_4) + torch_zip(CLEAN),
    "two archives in a row": joined_directories(),
    "behind a zip": torch_zip(CLEAN) + EVIL_4,
    "without a directory": torch_zip(EVIL_4)[:-80],
    "archive in a pickle": deflated_in_pickle(),
    "TorchScript that writes": torch_zip(
        CLEAN, extra={"archive/code/__torch__/m.py": b"  _0 = ops.aten.save(x, '/tmp/x')\n"}
    ),
    **{
        f"TorchScript that writes, spelled {how!r}": torch_zip(
            CLEAN, extra={"archive/code/__torch__/m.py": b"  _0 = %s(x, '/tmp/x')\n" % how}
        )
        for how in (
            b"ops . aten . save", b"ops.\\\n  aten.save", b"(torch).save", b"ops. # x\n aten.save",
        )
    },
    "pickle named like a tar member": tarred({"cos\nsystem\n(S'true'\ntR.": b"x"}),
    "skops of a partial": skops(node("operator", "methodcaller", "OperatorFuncNode")),
    "skops with a false module": skops(node("sklearn.svm", "call", "OperatorFuncNode")),
    "skops whose loader is escaped": zipped(
        {"schema.json": SKOPS.replace(b"__loader__", b"\\u005f_loader__")}
    ),
    "skops in UTF-16": zipped({"schema.json": SKOPS.decode().encode("utf-16")}),
    "skops of a function": skops(
        node("x", "function", "FunctionNode", content={"module_path": "os", "function": "system"})
    ),
}  # fmt: skip
SUSPICIOUS = {
    "archives in a row that are none of torch": zipped({"a.txt": b"a"}) + zipped({"b.txt": b"b"}),
    "a byte between archives": torch_zip(CLEAN) + b"x" + torch_zip(CLEAN),
    "second name": with_second_name("other.txt"),
    "array with more behind": numpy_file("'<f8'", b"\x00" * 40),
    "size mismatch": with_header_changed(torch_zip(CLEAN), b"PK\x03\x04", 22, b"\xff\x01"),
    "wrong CRC of a stored member": with_header_changed(
        torch_zip(CLEAN), b"PK\x01\x02", 16, b"\x01\x02\x03\x04"
    ),
    "skops of a stranger": skops(node("mymodel", "Net")),
}
CLEAN_FILES = {
    "7z": sevenzip(CLEAN),
    "zstd": zstandard.compress(CLEAN),
    "lz4": lz4.frame.compress(CLEAN),
    "skops": skops(node("sklearn.linear_model._logistic", "LogisticRegression")),
    "archive as it is in a zip": zipped({"m.pt": torch_zip(CLEAN), "a.txt": b"words"}),
    "sharded checkpoint": torch_zip(CLEAN) * 3,
    "exported program": zipped(
        {"m/archive_format": b"pt2", "m/data/weights/weight_0": bytes(range(200, 240)) * 9}
    ),
    "text in a zip": zipped({"config.json": b"{}", "notes.txt": b"words"}),
    "gzip of text": gzip.compress(b"plain words\n" * 50),
}
INCOMPLETE = {
    "prefix": b"some words before " * 3 + torch_zip(CLEAN),
    "zstd, cut short": zstandard.compress(CLEAN * 9)[:-4],
    "lz4, cut short": lz4.frame.compress(CLEAN * 9)[:-4],
    "7z, encrypted": sevenzip(CLEAN, coder=b"\x24\x06\xf1\x07\x01\x00"),
    "7z, cut short": sevenzip(CLEAN)[:-9],
    "bz2, more behind": bz2.compress(CLEAN) + EVIL_4,
    "rar": b"Rar!\x1a\x07\x01\x00" + b"\x00" * 40,
}


@pytest.mark.parametrize(
    ("content", "verdict"),
    [
        *(pytest.param(one, Verdict.UNSAFE, id=f"{name}, unsafe") for name, one in UNSAFE.items()),
        *(
            pytest.param(one, Verdict.SUSPICIOUS, id=f"{name}, suspicious")
            for name, one in SUSPICIOUS.items()
        ),
        *(
            pytest.param(one, Verdict.CLEAN, id=f"{name}, clean")
            for name, one in CLEAN_FILES.items()
        ),
        *(
            pytest.param(one, Verdict.INCOMPLETE, id=f"{name}, incomplete")
            for name, one in INCOMPLETE.items()
        ),
    ],
)
def test_the_verdict_follows_from_what_any_reader_finds(scan_bytes, content, verdict):
    report = scan_bytes("pickle_ops", content, "model.bin")
    assert report.verdict is verdict, (report.findings, report.detail)
    known = {rule for cls in scanners for rule in cls.rules}
    assert {finding.rule for finding in report.findings} <= known


@pytest.mark.parametrize(
    ("content", "verdict"),
    [
        (b"GGUF\x03\x00\x00\x00\x00" + EVIL, Verdict.UNSAFE),
        (b"\x89HDF\r\n\x1a\n" + bytes(99) + zipped({"x.pkl": EVIL_4}), Verdict.UNSAFE),
        (b"MZ" + bytes(99) + zipped({"x.txt": b"words"}), Verdict.SUSPICIOUS),
        (b"cat\ndog\nelephant\n" * 9, Verdict.CLEAN),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), Verdict.CLEAN),
    ],
)
def test_a_second_nature_is_found_in_files_of_any_format(scan_bytes, content, verdict):
    assert scan_bytes("polyglots", content, "model.gguf").verdict is verdict


def test_the_bytes_of_tensors_are_not_read(options, tmp_path):
    path = tmp_path / "big.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", CLEAN)
        archive.writestr("archive/data/0", bytes(32 << 20))
    scanner = scanners.get("pickle_ops")(options)
    before = read_bytes()
    report = scanner.scan(path, path)
    assert report.verdict is Verdict.CLEAN
    assert report.covered_bytes == path.stat().st_size
    assert read_bytes() - before < 1 << 20


def read_bytes() -> int:
    with open("/proc/self/io", encoding="ascii") as file:  # noqa: PTH123 a file of the kernel's
        return int(file.readline().split()[1])


@pytest.mark.parametrize("shape", ["'1'", "1", "(-1,)", "(1.0,)", "[1]"])
def test_an_array_whose_shape_numpy_refuses_is_not_clean(scan_bytes, shape):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}}}\n".encode()
    content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(4)
    assert scan_bytes("pickle_ops", content, "a.npy").verdict is Verdict.INCOMPLETE
