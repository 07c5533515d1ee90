from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace
from pathlib import PurePath

import pytest

from scanning.scanners import Verdict, scanners
from scanning.scanners._json_depth import Depth

PNG = b"\x89PNG\r\n\x1a\n" + bytes(50)
TEMPLATE = "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m.content | trim }}{% endfor %}"

CLEAN = {
    "README.md": "# Modèle\n\nA card — with text.\n".encode(),
    "config.json": b'{"model_type": "bert", "n": [1, 2]}',
    "bom.json": b'\xef\xbb\xbf{"a": 1}',
    "vocab.txt": b"[PAD]\ncat\ndog\nos.system\n",
    "tokenizer_config.json": json.dumps({"chat_template": TEMPLATE}).encode(),
    "chat_template.jinja": TEMPLATE.encode(),
    "tokenizer.json": json.dumps({"vocab": {"__class__": 1, "exec": 2}}).encode(),
    "empty.txt": b"",
    "picture.png": PNG,
    "conf.yaml": b"a: 1\nb: [x]\n",
    ".gitattributes": b"*.bin filter=lfs\n",
}
SUSPICIOUS = {
    "deep.json": b"[" * 200_000,
    "picture.png": PNG + b"PK\x05\x06" + bytes(18),
}


@pytest.mark.parametrize(("name", "content"), CLEAN.items(), ids=CLEAN)
def test_inert_data_is_clean(scan_bytes, name, content):
    report = scan_bytes("plain_files", content, name)
    assert (report.verdict, report.findings) == (Verdict.CLEAN, ())


@pytest.mark.parametrize(
    "content",
    [b'{"a": ', b"<html>not found</html>", b"{'a': 1}", b'{"a": 1,}', b"version https://git-lfs\n"],
    ids=["cut", "html", "single quotes", "comma", "pointer"],
)
def test_text_that_should_be_json_and_is_not_is_clean_with_a_note(scan_bytes, content):
    report = scan_bytes("plain_files", content, "config.json")
    assert report.verdict is Verdict.CLEAN
    assert [(one.rule, one.severity) for one in report.findings] == [("json_invalid", "info")]


def test_json_with_a_very_long_number_is_read_to_its_end(scan_bytes):
    content = b'{"n": ' + b"1" * 5000 + b', "m": 1}'
    report = scan_bytes("plain_files", content, "config.json")
    assert (report.verdict, report.findings) == (Verdict.CLEAN, ())


@pytest.mark.parametrize(("name", "content"), SUSPICIOUS.items(), ids=SUSPICIOUS)
def test_broken_data_are_suspicious(scan_bytes, name, content):
    assert scan_bytes("plain_files", content, name).verdict is Verdict.SUSPICIOUS


@pytest.mark.parametrize(
    "content", [b"a" * 20_000 + b"\xff\xfe", b"a" * 20_000 + b"\x00\x01"], ids=["utf-8", "zeros"]
)
def test_text_that_turns_into_something_else_is_incomplete(scan_bytes, content):
    assert scan_bytes("plain_files", content, "notes.txt").verdict is Verdict.INCOMPLETE


def test_more_text_than_is_read_is_incomplete(tmp_path, options):
    path = tmp_path / "big.txt"
    path.write_bytes(b"words " * 100)
    scanner = scanners.get("plain_files")(replace(options, max_text_bytes=100))
    assert scanner.scan(path, path).verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("weights.dat2", b"\x00\x01\x02\x03"),
        ("model.onnx", b"\x08\x07\x12\x00"),
        ("model.gguf", b"GGUF\x03\x00\x00\x00"),
        ("model.pkl", b"plain words"),
        ("model.safetensors", b"\x02" + bytes(7) + b"{}"),
    ],
)
def test_what_is_no_text_is_left_to_others(options, name, content):
    assert not scanners.get("plain_files")(options).handles(PurePath(name), content)


def test_the_answer_depends_on_the_name_only_as_far_as_its_variant_says(options):
    scanner = scanners.get("plain_files")(options)
    assert scanner.variant(PurePath("a/x.py")) == scanner.variant(PurePath("b/y.sh")) == "text"
    assert scanner.variant(PurePath("x.txt")) != scanner.variant(PurePath("x.json"))


@pytest.mark.parametrize(
    ("content", "verdict"),
    [
        (b'{"a": [' + b'"[[[[\\"[[[[{", ' * 700_000 + b"{}]}", Verdict.CLEAN),
        (b'["' + b"[" * 9_000_000 + b'", 1]', Verdict.CLEAN),
        (b'["' + b"\\\\" * 3_000_000 + b'", ' + b"[" * 2000 + b"]" * 2001, Verdict.SUSPICIOUS),
        (b"[" + b"[]," * 2_000_000 + b"[" * 2000, Verdict.SUSPICIOUS),
        (b"[" + b"[1]," * 2_000_000 + b"[[[{}]]]]", Verdict.CLEAN),
    ],
)
def test_long_json_is_looked_at_for_its_depth_without_being_built(scan_bytes, content, verdict):
    tracemalloc.start()
    report = scan_bytes("plain_files", content, "vocab.json")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert report.verdict is verdict
    assert peak < 60_000_000


@pytest.mark.parametrize("length", [2**20 - 1, 2**20, 2**20 + 1])
def test_a_character_across_two_blocks_is_text_and_half_of_one_is_not(scan_bytes, length):
    content = b"m" * length + "\u00e9".encode()
    assert scan_bytes("plain_files", content, "a.txt").verdict is Verdict.CLEAN
    assert scan_bytes("plain_files", content[:-1], "a.txt").verdict is Verdict.INCOMPLETE


def test_depth_is_counted_across_pieces_wherever_they_are_cut():
    text = b'["a\\"[[", {"b": [' + b"[" * 400 + b"]" * 400 + b'"\\\\"' + b"[" * 890
    deep = text + b"[" * 20
    for size in (1, 2, 3, 7, 100, 5000):
        for content, expected in ((text, False), (deep, True)):
            depth = Depth()
            cut = [content[at : at + size] for at in range(0, len(content), size)]
            assert any(depth.grows_too_deep(piece) for piece in cut) is expected


@pytest.mark.parametrize(
    ("name", "content", "rules"),
    [
        ("plot.html", b"<html><script>1</script></html>", ["active_content"]),
        ("logo.svg", b'<svg xmlns="http://www.w3.org/2000/svg" onload="f()"/>', ["active_content"]),
        ("page.html", b"<html><p>words of scripts</p></html>", []),
        ("notes.txt", b"<script>1</script>", []),
    ],
)
def test_a_page_with_a_script_is_told_and_stays_clean(scan_bytes, name, content, rules):
    report = scan_bytes("plain_files", content, name)
    assert ([one.rule for one in report.findings], report.verdict) == (rules, Verdict.CLEAN)
