"""Pickles in base64 and hex, in texts of any kind."""

from __future__ import annotations

import base64
import codecs
import json
import os
import pickle
import zlib
from pathlib import PurePosixPath

import pytest

from scanning.scanners import Verdict, scanners
from scanning.scanners.base import read_head

OPS = [b"cos\nsystem\n(S'true'\ntR.", b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R."]


def look(folder, options, name, text):
    path = folder / name
    path.write_text(text)
    engine = scanners.get("encoded_pickles")(options)
    assert engine.handles(PurePosixPath(name), read_head(path))
    report = engine.scan(path, PurePosixPath(name))
    assert {one.rule for one in report.findings} <= engine.rules.keys()
    return report


def in_a_table(content, protocol):
    """The call behind other things, as a library writes it."""
    table = pickle.dumps({"a": list(range(50)), "b": "x" * 200}, protocol)
    return table[:-1] + b"0" + content.removeprefix(b"\x80\x04")


FORMS = {
    "a.json": lambda raw: json.dumps({":serialized:": base64.b64encode(raw).decode()}),
    "lines.json": lambda raw: json.dumps({"k": codecs.encode(raw, "base64").decode()}),
    "a.csv": lambda raw: f"1,{base64.urlsafe_b64encode(raw).decode()},2\n",
    "hex.txt": lambda raw: f"blob = {raw.hex()}\n",
    "twice.txt": lambda raw: base64.b64encode(base64.b64encode(raw)).decode(),
    "packed.txt": lambda raw: base64.b64encode(zlib.compress(raw)).decode(),
    "a.yaml": lambda raw: (
        "k: !!binary |\n"
        + "".join(f"  {line}\n" for line in codecs.encode(raw, "base64").decode().split())
    ),
}


ODD_FORMS = {
    "b85.json": lambda raw: json.dumps({"k": base64.b85encode(raw).decode()}),
    "b85.txt": lambda raw: base64.b85encode(raw).decode(),
    "packed.json": lambda raw: json.dumps({"k": base64.b85encode(zlib.compress(raw)).decode()}),
    "a85.json": lambda raw: json.dumps({"k": base64.a85encode(raw).decode()}),
    "b32.txt": lambda raw: f"k = {base64.b32encode(raw).decode()}\n",
    "letters.json": lambda raw: json.dumps({"k": raw.decode("latin-1")}),
    "numbers.json": lambda raw: json.dumps({"k": list(raw)}),
}


@pytest.mark.parametrize("form", ODD_FORMS)
@pytest.mark.parametrize("size", [1, 40_000])
def test_unusual_spellings_are_read_to_their_end(tmp_path, options, form, size):
    raw = pickle.dumps({"a": list(range(size))}, 4)[:-1] + b"0" + OPS[0]
    assert look(tmp_path, options, form, ODD_FORMS[form](raw)).verdict is Verdict.UNSAFE


def test_what_only_begins_so_is_clean(tmp_path, options):
    words = [f"{head}{'x' * 30}" for head in ("fC", "J-", "QAB", "c-")] * 50
    report = look(tmp_path, options, "a.json", json.dumps([*words, [128, 4, 1, 300]]))
    assert (report.verdict, report.findings) == (Verdict.CLEAN, ())


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("call", OPS)
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_pickle_in_a_text_is_as_severe_as_one_in_a_file(tmp_path, options, form, call, protocol):
    text = FORMS[form](in_a_table(call, protocol))
    assert look(tmp_path, options, form, text).verdict is Verdict.UNSAFE


def test_it_is_read_to_its_end_wherever_it_begins(tmp_path, options):
    raw = pickle.dumps({"a": b"x" * 300_000})[:-1] + b"0" + OPS[0]
    text = "a b " * 1_048_570 + base64.b64encode(raw).decode()
    assert look(tmp_path, options, "a.txt", text).verdict is Verdict.UNSAFE


@pytest.mark.parametrize("size", [15, 60, 30_000])
def test_other_bytes_as_text_are_clean(tmp_path, options, size):
    parts = [base64.b64encode(os.urandom(size)).decode() for _ in range(600_000 // (size * 10))]
    report = look(tmp_path, options, "a.json", json.dumps(parts))
    assert (report.verdict, report.findings) == (Verdict.CLEAN, ())


def test_a_harmless_pickle_is_told_and_clean(tmp_path, options):
    text = base64.b64encode(pickle.dumps({"a": [1, 2.5, "x"]})).decode()
    report = look(tmp_path, options, "a.txt", text)
    assert report.verdict is Verdict.CLEAN
    assert [one.rule for one in report.findings] == ["encoded_pickle"]
