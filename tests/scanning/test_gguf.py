from __future__ import annotations

import io
import zipfile
from pathlib import PurePath

import pytest

from scanning.scanners import Verdict, scanners
from tests.scanning.gguf_files import ARRAY, Writer

W = Writer()
TEMPLATE = "{% for m in messages %}{{ m.content }}{% endfor %}"
ESCAPE = "{{ ''|attr('__cla' ~ 'ss__') }}"
KEYS = {
    "general.architecture": W.string("llama"),
    "tokenizer.ggml.tokens": W.strings("a", "b", "os.system", "{{ x.__class__ }}"),
    "tokenizer.chat_template": W.string(TEMPLATE),
}
TWO = [W.tensor("a", [4], 0), W.tensor("b", [2, 2], 32)]
DATA = bytes(48)
NESTED = W.pack("IQ", ARRAY, 1) * 200


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("a.txt", "a")
    return buffer.getvalue()


INVALID = {
    "count of keys": W.build({}, counts=(0, 2**60)),
    "count of tensors": W.build({}, counts=(2**63, 0)),
    "one key too many": W.build(KEYS, counts=(0, 4)),
    "length of a text": W.build({"a": (8, W.pack("Q", 2**63))}),
    "length of an array": W.build({"a": (9, W.pack("IQ", 0, 2**62))}),
    "length of an array of texts": W.build({"a": (9, W.pack("IQ", 8, 2**62))}),
    "nested arrays": W.build({"a": (9, NESTED)}),
    "type of a value": W.build({"a": (77, b"")}),
    "same key twice": W.build([("a", W.number(1)), ("a", W.number(2))]),
    "name in no encoding": W.build(KEYS).replace(b"general.", b"gener\xe8l."),
    "version": b"GGUF\x09\x00\x00\x00" + bytes(16),
    "alignment": W.build({"general.alignment": W.number(33)}, TWO, DATA),
    "no alignment": W.build({"general.alignment": W.number(0)}, TWO, DATA),
    "dimensions": W.build(KEYS, [W.tensor("a", [1] * 9, 0)], bytes(4)),
    "shape overflows": W.build(KEYS, [W.tensor("a", [2**40, 2**40], 0)], bytes(4)),
    "rows in blocks": W.build(KEYS, [W.tensor("a", [31], 0, 2)], bytes(18)),
    "tensor past the end": W.build(KEYS, [W.tensor("a", [1024], 0)], bytes(64)),
    "offset past the end": W.build(KEYS, [W.tensor("a", [4], 2**62)], bytes(64)),
    "overlap": W.build(KEYS, [W.tensor("a", [16], 0), W.tensor("b", [4], 32)], bytes(64)),
    "hole": W.build(KEYS, [W.tensor("a", [4], 0), W.tensor("b", [4], 64)], bytes(80)),
    "not aligned": W.build(KEYS, [W.tensor("a", [1], 0), W.tensor("b", [1], 4)], bytes(8)),
    "same name": W.build(KEYS, [W.tensor("a", [4], 0), W.tensor("a", [4], 32)], DATA),
    "data behind": W.build(KEYS, TWO, DATA + bytes(64)),
    "archive behind": W.build(KEYS, TWO, DATA + archive()),
    "cut": W.build(KEYS, TWO, DATA)[:90],
    "nothing": b"GGUF",
    "another format": b"\x00\x01\x02\x03nothing",
}
VALID = {
    "two tensors": W.build(KEYS, TWO, DATA),
    "padded to the alignment": W.build(KEYS, TWO, bytes(64)),
    "quantized": W.build(KEYS, [W.tensor("a", [64, 2], 0, 2)], bytes(18 * 4)),
    "vocabulary alone": W.build(KEYS),
    "other alignment": W.build(
        {"general.alignment": W.number(64)},
        [W.tensor("a", [1], 0), W.tensor("b", [1], 64)],
        bytes(68),
        alignment=64,
    ),
    "nested": W.build({"a": (9, W.pack("IQIQ", 9, 1, 4, 2) + bytes(8))}),
    "scalar": W.build(KEYS, [W.tensor("a", [], 0)], bytes(4)),
}


@pytest.mark.parametrize("content", INVALID.values(), ids=INVALID)
def test_a_file_that_breaks_the_format_is_suspicious(scan_bytes, content):
    report = scan_bytes("gguf", content, "model.gguf")
    assert report.verdict is Verdict.SUSPICIOUS
    assert report.findings[0].rule in scanners.get("gguf").rules


@pytest.mark.parametrize("content", VALID.values(), ids=VALID)
def test_a_valid_file_is_clean_to_its_last_byte(scan_bytes, content):
    report = scan_bytes("gguf", content, "model.bin")
    assert (report.verdict, report.covered_bytes) == (Verdict.CLEAN, len(content))


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("order", ["<", ">"])
def test_every_version_and_byte_order_is_read(scan_bytes, version, order):
    one = Writer(version, order)
    keys = {"tokenizer.chat_template": one.string(ESCAPE), "a": one.strings("x", "y")}
    tensors = [one.tensor("a", [4], 0)]
    assert scan_bytes("gguf", one.build(keys, tensors, bytes(16))).verdict is Verdict.UNSAFE
    del keys["tokenizer.chat_template"]
    assert scan_bytes("gguf", one.build(keys, tensors, bytes(16))).verdict is Verdict.CLEAN


@pytest.mark.parametrize(
    "keys",
    [
        {"tokenizer.chat_template": W.string(ESCAPE)},
        {"tokenizer.chat_template.tool_use": W.string(ESCAPE)},
        {"tokenizer.chat_templates": W.strings("x", ESCAPE)},
        [("tokenizer.chat_template", W.string(ESCAPE)), ("tokenizer.chat_template", W.string(""))],
    ],
    ids=["default", "named", "list", "first of two"],
)
def test_every_template_in_it_is_examined(scan_bytes, keys):
    report = scan_bytes("gguf", W.build(keys), "model.gguf")
    assert report.verdict is Verdict.UNSAFE
    assert report.findings[0].rule == "template_escape"


def test_a_type_that_is_not_known_is_incomplete(scan_bytes):
    content = W.build(KEYS, [W.tensor("a", [4], 0, 900)], bytes(16))
    assert scan_bytes("gguf", content).verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize("head", [b"\x7fELF", b"MZqFpD='\n"])
def test_a_program_that_calls_itself_a_model_is_unsafe(scan_bytes, head):
    content = head + bytes(64) + VALID["two tensors"]
    assert scan_bytes("gguf", content, "model.llamafile").verdict is Verdict.UNSAFE


def test_tensors_are_not_read(tmp_path, options):
    path = tmp_path / "sparse.gguf"
    head = W.build(KEYS, [W.tensor("a", [2**31, 2], 0)])
    with path.open("wb") as file:
        file.write(head)
        file.truncate(len(head) + 2**34)
    report = scanners.get("gguf")(options).scan(path, PurePath("sparse.gguf"))
    assert (report.verdict, report.covered_bytes) == (Verdict.CLEAN, len(head) + 2**34)


def test_text_under_the_name_of_a_model_is_left_to_its_engine(scan_bytes):
    assert scan_bytes("gguf", b"version https://git-lfs", "a.gguf").verdict is Verdict.SUSPICIOUS
