from __future__ import annotations

import struct

import pytest

from catalog.inspectors.base import Problems
from catalog.inspectors.headers.dispatch import NOTES, Recognized, read_file
from catalog.inspectors.headers.sniff import form_of, sniff
from core.errors import UpstreamNotFoundError
from tests.catalog.inspectors.headers.files import gguf, onnx, onnx_value, safetensors, zipped
from tests.catalog.inspectors.headers.test_other_formats import ctranslate2, whisper
from tests.catalog.inspectors.memory import MemoryReader

SAFETENSORS = safetensors({"w": ("F32", [2])})[0] + bytes(8)
ONNX = onnx(outputs=[onnx_value("y", 1, [1])])
TAR = b"sys_info".ljust(257, b"\0") + b"ustar\x0000" + bytes(240)
FORMS = {
    "gguf": gguf(),
    "safetensors": SAFETENSORS,
    "torch": zipped({"a/data.pkl": b"."}),
    "torch legacy": b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.",
    "torch tar": TAR,
    "pickle": b"\x80\x04N.",
    "keras": zipped({"config.json": "{}", "metadata.json": "{}"}),
    "hdf5": b"\x89HDF\r\n\x1a\n" + bytes(40),
    "onnx": ONNX,
    "tflite": b"\x1c\0\0\0TFL3" + bytes(40),
    "saved_model": b"\x08\x01\x12\x80\x10" + bytes(3000),
    "ctranslate2": ctranslate2(),
    "whisper": whisper(),
    "ggml": b"lmgg" + struct.pack("<7i", 32000, 4096, 256, 32, 32, 128, 2),
    "ggmf": b"fmgg" + bytes(40),
    "ggjt": b"tjgg" + bytes(40),
    "ggla": b"algg" + bytes(40),
    "ggsn": b"nsgg" + bytes(40),
    "numpy": b"\x93NUMPY\x01\x00",
    "numpy zip": zipped({"w.npy": b"x"}),
    "zip": zipped({"a.txt": b"x"}),
}
NAMES = ("model.safetensors", "m.gguf", "x.bin", "README.md")


def reader_of(content):
    return MemoryReader(dict.fromkeys(NAMES, content))


@pytest.mark.parametrize("form", FORMS)
def test_content_decides_what_a_file_is_and_its_name_does_not(form):
    problems = Problems()
    reader = reader_of(FORMS[form])
    assert {sniff(reader, name, problems) for name in NAMES} == {form}
    assert problems.found == []


@pytest.mark.parametrize("form", FORMS)
def test_each_form_has_a_reader_or_a_note(form):
    problems = Problems()
    found = read_file(reader_of(FORMS[form]), "x.bin", problems)
    noted = isinstance(found, Recognized)
    assert found is not None
    assert noted == (form in NOTES)
    assert not noted or found == Recognized(form, NOTES[form])
    assert problems.found == []


@pytest.mark.parametrize(
    "content",
    [b"", b"\x08", b"#!/bin/sh\n", b"{}", bytes(600), b"\xff" * 600, b"version https://git-lfs"],
)
def test_what_is_not_known_is_nothing(content):
    problems = Problems()
    assert form_of(content, len(content)) == ""
    assert read_file(reader_of(content), "x.bin", problems) is None
    assert problems.found == []


def test_a_zip_file_with_a_broken_directory_is_named():
    problems = Problems()
    found = read_file(reader_of(FORMS["torch"][:-1]), "x.bin", problems)
    assert found == Recognized("zip", NOTES["zip"])
    assert problems.found == ["x.bin is no valid zip file: it has no directory at its end"]


def test_a_file_that_is_gone_is_named():
    class Gone(MemoryReader):
        def read_range(self, path, start, end):
            raise UpstreamNotFoundError("acme/model has no file x.bin")

    problems = Problems()
    assert read_file(Gone({"x.bin": b"123"}), "x.bin", problems) is None
    assert problems.found == ["x.bin cannot be read: acme/model has no file x.bin"]


def test_the_end_of_a_zip_file_is_asked_for_once():
    reader = reader_of(FORMS["torch"])
    read_file(reader, "x.bin", Problems())
    assert len(reader.read) == len(set(reader.read))
