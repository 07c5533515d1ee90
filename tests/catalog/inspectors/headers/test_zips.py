from __future__ import annotations

import struct
import warnings

import pytest

from catalog.inspectors.base import Problems
from catalog.inspectors.headers.keras import Keras, read_keras
from catalog.inspectors.headers.torch import Torch, indexed_bytes, read_torch
from catalog.inspectors.headers.zips import read_directory, read_member
from core.errors import InvalidInputError
from tests.catalog.inspectors.headers.files import SparseReader, brief_ids, zip64, zipped
from tests.catalog.inspectors.memory import MemoryReader

PATH = "pytorch_model.bin"
TORCH = {"archive/data.pkl": b"\x80\x02.", "archive/data/0": bytes(8000),
         "archive/data/1": bytes(14), "archive/version": b"3\n"}  # fmt: skip
GOOD = zipped(TORCH)


def read(content, reading=read_torch, path=PATH):
    problems = Problems()
    reader = MemoryReader({path: content})
    return reading(reader, path, problems), problems.found, reader


@pytest.mark.parametrize("content", [GOOD, zip64(TORCH), zipped(TORCH, comment=b"c" * 60_000)])
def test_the_storages_of_a_torch_file_are_listed_by_two_reads(content):
    found, problems, reader = read(content)
    assert found == Torch("zip", 2, 8014)
    assert problems == []
    assert len(reader.read) == 2


def test_of_a_large_file_only_the_end_is_read():
    names = {f"archive/data/{n}": b"1234" for n in range(2000)}
    content = zip64({"archive/data.pkl": b"."} | names)
    found, _, reader = read(content)
    assert (found.storages, found.weights_bytes) == (2000, 8000)
    assert reader.read[0][1] == len(content) - 98
    assert [start for _, start, _ in reader.read[1:]] == [content.index(b"PK\1\2")]


def test_a_script_says_so():
    found, _, _ = read(zipped(TORCH | {"archive/code/m.py": b"", "archive/constants/0": b"1234"}))
    assert found == Torch("torchscript", 3, 8018)


def test_a_zip_file_of_something_else_is_none_of_torch():
    found, problems, _ = read(zipped({"a/b.txt": b"x"}))
    assert found is None
    assert problems == ["pytorch_model.bin is a zip file without data.pkl, none of PyTorch"]


def at_entry(offset, form, value):
    """Change a number in the first entry of the directory."""
    content, begin = bytearray(GOOD), GOOD.index(b"PK\x01\x02")
    struct.pack_into(form, content, begin + offset, value)
    return bytes(content)


def at_end(offset, form, value):
    content, begin = bytearray(GOOD), GOOD.rindex(b"PK\x05\x06")
    struct.pack_into(form, content, begin + offset, value)
    return bytes(content)


def doubled():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return zipped({"a/data.pkl": b"x", "a/data.pkm": b"y"}).replace(b"data.pkm", b"data.pkl")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "no directory at its end"),
        (bytes(100), "no directory at its end"),
        (GOOD[:-1], "no directory at its end"),
        (GOOD + b"x", "does not end where the file does"),
        (GOOD[40:], "its directory claims"),
        (at_end(20, "<H", 7), "does not end where the file does"),
        (at_end(10, "<H", 9), "one of several disks"),
        (at_end(4, "<H", 1), "one of several disks"),
        (at_end(12, "<I", 1 << 30), "its directory claims 1073741824 bytes"),
        (at_end(16, "<I", 1), "its directory is broken"),
        (at_entry(0, "<I", 7), "its directory is broken"),
        (at_entry(32, "<H", 60_000), "its directory holds 1 members, not 4"),
        (at_entry(42, "<I", 1 << 30), "lies outside"),
        (at_entry(42, "<I", 50), "lies in the place of another"),
        (at_entry(20, "<I", 1 << 30), "has two sizes"),
        (GOOD.replace(b"archive/data/1", b"../../../etc/1"), "leaves its folder"),
        (GOOD.replace(b"archive/data/1", b"archive\\data/1"), "backslash"),
        (GOOD.replace(b"archive/data/1", b"archive/data/\x00"), "control characters"),
        (doubled(), "is there twice"),
        (zip64(TORCH).replace(b"PK\x06\x06", b"PK\x06\x00"), "zip64 directory is not where"),
    ],
    ids=brief_ids(),
)
def test_a_directory_that_lies_is_a_named_problem(content, fault):
    found, problems, _ = read(content)
    assert found is None
    assert problems[0].startswith("pytorch_model.bin is no valid PyTorch file: ")
    assert fault in problems[0]


@pytest.mark.parametrize(("claimed", "fault"), [(9, "claims 9 members"), (2, "more than the 2")])
def test_another_number_of_members_is_named(claimed, fault):
    content, begin = bytearray(GOOD), GOOD.rindex(b"PK\x05\x06")
    struct.pack_into("<2H", content, begin + 8, claimed, claimed)
    assert fault in read(bytes(content))[1][0]


def test_a_directory_of_gigabytes_is_not_read():
    size = 1 << 40
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1, 1, 0xFFFFFFF0, 0, 0)

    class Huge(SparseReader):
        def read_range(self, path, start, end):
            return super().read_range(path, start, end)[: -len(tail)] + tail

    problems = Problems()
    assert read_torch(Huge({PATH: b""}, {PATH: size}), PATH, problems) is None
    assert "its directory claims 4294967280 bytes" in problems.found[0]


CONFIG = (
    '{"class_name": "Functional", "config": {"name": "net", "layers": [1, 2],'
    ' "dtype": {"config": {"name": "mixed_float16"}}}}'
)
KERAS = {"metadata.json": '{"keras_version": "3.4.1"}', "config.json": CONFIG,
         "model.weights.h5": bytes(500)}  # fmt: skip


def test_a_keras_file_is_described_by_its_settings():
    for deflated in ((), ("config.json",)):
        content = zipped(KERAS, deflated=deflated)
        found, problems, reader = read(content, read_keras, "m.keras")
        assert found == Keras("Functional", "net", 2, "mixed_float16", "3.4.1", 500)
        assert problems == []
        assert len(reader.read) == 4


@pytest.mark.parametrize(
    ("members", "fault"),
    [
        ({"metadata.json": "{}"}, "it has no config.json and metadata.json"),
        (KERAS | {"config.json": "{"}, "Expecting property name"),
        (KERAS | {"config.json": "[]"}, "it holds no object"),
        (KERAS | {"config.json": "[" * 10_000}, "nested too deeply"),
        (KERAS | {"config.json": '{"config": 1, "config": 2}'}, "'config' twice"),
        (KERAS | {"config.json": " " * (5 << 20)}, "'config.json' has 5242880 bytes"),
        (KERAS | {"metadata.json": " " * (1 << 20)}, "'metadata.json' has 1048576 bytes"),
    ],
    ids=brief_ids(),
)
def test_settings_that_cannot_be_used_are_named(members, fault):
    found, problems, _ = read(zipped(members), read_keras, "m.keras")
    assert found is None
    assert fault in problems[0]


def test_settings_of_a_wrong_kind_are_unknown():
    members = KERAS | {"config.json": '{"class_name": 7, "config": [1]}'}
    found, _, _ = read(zipped(members), read_keras, "m.keras")
    assert found == Keras("", "", None, "", "3.4.1", 500)


SMALL = zipped({"config.json": "x" * 99}, deflated=("config.json",))


def bomb():
    """A member whose directory entry says a hundred bytes and that unfolds to megabytes."""
    content = bytearray(zipped({"config.json": bytes(4 << 20)}, deflated=("config.json",)))
    struct.pack_into("<I", content, content.index(b"PK\x01\x02") + 24, 100)
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (bomb(), "has another size than the directory says"),
        (SMALL.replace(b"PK\x03\x04", b"PK\x03\x05"), "is not where the directory says"),
        (SMALL.replace(b"\x08\0", b"\x0c\0"), "packed in a way that is not known"),
    ],
    ids=brief_ids(),
)  # fmt: skip
def test_a_member_that_is_not_what_the_directory_says_is_refused(content, fault):
    reader = MemoryReader({"m": content})
    member = next(m for m in read_directory(reader, "m") if m.name == "config.json")
    with pytest.raises(InvalidInputError, match=fault):
        read_member(reader, "m", member, 1 << 20)


@pytest.mark.parametrize(
    ("content", "size", "problems"),
    [
        ('{"metadata": {"total_size": 1000}}', 1000, 0),
        ('{"metadata": {"total_size": NaN}}', None, 0),
        ('{"metadata": []}', None, 0),
        ("{", None, 1),
    ],
)
def test_the_index_of_torch_files_tells_their_size(content, size, problems):
    path = "pytorch_model.bin.index.json"
    found, told, _ = read(content, indexed_bytes, path)
    assert (found, len(told)) == (size, problems)
