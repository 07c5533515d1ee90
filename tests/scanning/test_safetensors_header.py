from __future__ import annotations

import io
import json
import zipfile
from pathlib import PurePath

import pytest

from scanning.scanners import Verdict, scanners
from scanning.scanners._sniff import Kind, sniff


def tensor(begin: int, end: int, *, shape: list[object] | None = None, dtype: str = "U8"):
    shape = [end - begin] if shape is None else shape
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def build(header: object, data: bytes = b"", *, length: int | None = None) -> bytes:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    size = len(raw) if length is None else length
    return size.to_bytes(8, "little") + raw + data


INVALID = {
    "overlap": build({"a": tensor(0, 8), "b": tensor(4, 12)}, bytes(12)),
    "gap": build({"a": tensor(0, 4), "b": tensor(8, 12)}, bytes(12)),
    "does not start at zero": build({"a": tensor(4, 8)}, bytes(8)),
    "past the end": build({"a": tensor(0, 8)}, bytes(4)),
    "data behind": build({"a": tensor(0, 4)}, bytes(9)),
    "giant header": build({}, length=2**62),
    "header past the end": build({}, length=5000),
    "duplicate keys": build(b'{"a":1,"a":1}'),
    "duplicate keys inside": build(b'{"a":{"dtype":"U8","dtype":"U8"}}'),
    "half a character": build(b'{"\\ud800":{"a":1}}'),
    "half a character in a value": build(b'{"__metadata__":{"a":"\\udc00"}}'),
    "no JSON": build(b"{nope}  "),
    "no object": build(b"[1,2]   "),
    "not UTF-8": build(b'{"\xff":1}'),
    "unknown type": build({"a": tensor(0, 4, dtype="Q9")}, bytes(4)),
    "shape does not fit": build({"a": tensor(0, 4, shape=[5])}, bytes(4)),
    "overflow": build({"a": tensor(0, 0, shape=[2**40, 2**40])}),
    "negative": build({"a": tensor(0, 4, shape=[-4])}, bytes(4)),
    "a boolean as size": build({"a": tensor(0, 1, shape=[True])}, bytes(1)),
    "offsets backwards": build({"a": tensor(4, 0, shape=[4])}, bytes(4)),
    "extra key": build({"a": {**tensor(0, 4), "code": "x"}}, bytes(4)),
    "metadata of other types": build({"__metadata__": {"a": {"b": 1}}}),
    "deep": build(b'{"a":' + b"[" * 100_000),
    "shorter than its length": b"\x00\x01",
}
VALID = {
    "two": build({"b": tensor(4, 12, shape=[2], dtype="F32"), "a": tensor(0, 4)}, bytes(12)),
    "scalar": build({"a": tensor(0, 4, shape=[], dtype="F32")}, bytes(4)),
    "empty tensor": build({"a": tensor(0, 0, shape=[0, 7]), "b": tensor(0, 1)}, b"x"),
    "four bits": build({"a": tensor(0, 2, shape=[4], dtype="F4")}, bytes(2)),
    "metadata": build({"__metadata__": {"format": "pt"}, "a": tensor(0, 1)}, b"x"),
    "padded header": build(json.dumps({"a": tensor(0, 1)}).encode() + b"   ", b"x"),
    "a character of two halves": build(b'{"__metadata__":{"a":"\\ud83d\\ude00"}}'),
    "no tensors": build({}),
}


@pytest.mark.parametrize("content", INVALID.values(), ids=INVALID)
def test_a_header_that_breaks_the_format_is_suspicious(scan_bytes, content):
    report = scan_bytes("safetensors_header", content, "model.safetensors")
    assert report.verdict is Verdict.SUSPICIOUS
    assert report.findings[0].message
    assert report.findings[0].rule in scanners.get("safetensors_header").rules


@pytest.mark.parametrize("content", VALID.values(), ids=VALID)
def test_a_valid_file_is_clean(scan_bytes, content):
    report = scan_bytes("safetensors_header", content, "model.safetensors")
    assert (report.verdict, report.findings) == (Verdict.CLEAN, ())
    assert report.covered_bytes == len(content)


def test_a_header_that_would_fill_memory_is_incomplete(scan_bytes):
    content = build(b"{" + b" " * 30_000_000 + b"}")
    report = scan_bytes("safetensors_header", content, "model.safetensors")
    assert report.verdict is Verdict.INCOMPLETE


def test_an_archive_behind_the_tensors_is_told(scan_bytes):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a", "a")
    data = buffer.getvalue()
    content = build({"a": tensor(0, len(data))}, data)
    report = scan_bytes("safetensors_header", content, "model.safetensors")
    assert [one.rule for one in report.findings] == ["polyglot"]


def test_the_content_is_recognized_under_any_name(scan_bytes):
    content = build({"a": tensor(0, 8)}, bytes(4))
    assert scan_bytes("safetensors_header", content, "model.bin").verdict is Verdict.SUSPICIOUS


@pytest.mark.parametrize("length", [0x80 + 256 * one for one in range(6)])
def test_a_length_like_the_beginning_of_a_pickle_is_none(options, length):
    content = build(json.dumps({"a": tensor(0, 1)}).encode().ljust(length), b"x")
    assert content.startswith(b"\x80")
    assert sniff(content) is Kind.SAFETENSORS
    assert not scanners.get("pickle_ops")(options).handles(PurePath("a.safetensors"), content)


@pytest.mark.parametrize("opcode", [b"B", b"X", b"G", b"\x8a"])
def test_a_pickle_that_begins_like_a_header_is_one(opcode):
    assert sniff(b"\x80\x04" + opcode + b"\x04\0\0\0\0{ 0.") is Kind.PICKLE
