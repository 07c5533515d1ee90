from __future__ import annotations

import json

import pytest

from catalog.inspectors.base import Problems
from catalog.inspectors.headers.ranges import parse_table
from catalog.inspectors.headers.safetensors import Tensor, read_header
from core.errors import InvalidInputError, UpstreamForbiddenError
from tests.catalog.inspectors.headers.files import SparseReader, brief_ids, safetensors
from tests.catalog.inspectors.memory import MemoryReader
from tests.standins.repos import tiny_safetensors

PATH = "model.safetensors"
GOOD = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
NEXT = GOOD | {"data_offsets": [8, 16]}


def header_of(content):
    problems = Problems()
    reader = MemoryReader({PATH: content})
    return read_header(reader, PATH, problems), problems.found, reader


def packed(header, body=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


def test_a_header_is_known_by_its_length_and_itself():
    content = tiny_safetensors({"w": ("F32", [3, 4]), "b": ("BF16", [5]), "n": ("I64", [2])})
    header, problems, reader = header_of(content)
    assert header.tensors["w"] == Tensor("F32", (3, 4))
    assert header.by_dtype == {"BF16": 5, "F32": 12, "I64": 2}
    assert problems == []
    assert reader.read == [(PATH, 0, 8), (PATH, 8, header.length)]


def test_no_byte_of_a_tensor_is_read():
    content = tiny_safetensors({f"layer.{n:06d}.weight": ("F16", [2]) for n in range(3000)})
    header, problems, reader = header_of(content)
    assert header.by_dtype == {"F16": 6000}
    assert problems == []
    assert reader.read[-1][2] == header.length == len(content) - 12_000


def test_scalars_empty_tensors_and_parts_of_bytes_count():
    content, size = safetensors({"s": ("F32", []), "e": ("F32", [0, 7]), "f": ("F4", [3, 2])})
    header = read_header(SparseReader({PATH: content}, {PATH: size}), PATH, Problems())
    assert header.by_dtype == {"F32": 1, "F4": 6}
    assert header.tensors["f"].size == 3


def test_the_notes_of_a_writer_are_kept_unless_they_are_long():
    notes = {"format": "pt", "ss_tag_frequency": "x" * 70_000, "number": 7}
    header, _, _ = header_of(packed({"__metadata__": notes, "w": GOOD}, bytes(8)))
    assert header.metadata == {"format": "pt"}


def test_bytes_behind_the_last_tensor_are_named():
    header, problems, _ = header_of(packed({"w": GOOD}, bytes(11)))
    assert header.by_dtype == {"F32": 2}
    assert problems == ["model.safetensors has 3 bytes that belong to no tensor"]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "too short"),
        (b"\x01", "too short"),
        (b"\xff" * 8, "claims 18446744073709551615 bytes"),
        ((1 << 63).to_bytes(8, "little") + b"{}", "claims 9223372036854775808 bytes"),
        ((200_000_000).to_bytes(8, "little") + b"{}", "claims 200000000 bytes"),
        ((50).to_bytes(8, "little") + b"{}", "claims 50 bytes"),
        (packed(b"not json"), "Expecting value"),
        (packed(b"[]"), "no object"),
        (packed(b"[" * 10_000), "nested too deeply"),
        (packed(b'{"a":' * 10_000), "nested too deeply"),
        (packed({"w": 7}, bytes(8)), "not described"),
        (packed({"w": {}}, bytes(8)), "no usable dtype"),
        (packed({"w": GOOD | {"dtype": "F99"}}, bytes(8)), "no usable dtype"),
        (packed({"w": GOOD | {"dtype": ["F32"]}}, bytes(8)), "no usable dtype"),
        (packed({"w": GOOD | {"shape": [-2]}}, bytes(8)), "no usable dtype"),
        (packed({"w": GOOD | {"shape": [True, 2]}}, bytes(8)), "no usable dtype"),
        (packed({"w": GOOD | {"shape": [float("nan")]}}, bytes(8)), "no usable dtype"),
        (packed({"w": GOOD | {"shape": [2] * 65}}, bytes(8)), "no usable dtype"),
        (packed({"w": GOOD | {"shape": [2**40, 2**40]}}, bytes(8)), "does not fit"),
        (packed({"w": GOOD | {"data_offsets": [0, 4]}}, bytes(8)), "does not fit"),
        (packed({"w": GOOD | {"data_offsets": [8, 16]}}, bytes(8)), "does not fit"),
        (packed({"w": GOOD | {"data_offsets": [8, 0]}}, bytes(8)), "does not fit"),
        (packed({"w": GOOD | {"data_offsets": [0]}}, bytes(8)), "does not fit"),
        (packed({"w": GOOD}, bytes(4)), "does not fit"),
        (packed({"a": GOOD, "b": GOOD}, bytes(8)), "the tensor 'b' lies in the place of another"),
        (packed(b'{"w":%s,"w":%s}' % ((json.dumps(GOOD).encode(),) * 2), bytes(8)), "'w' twice"),
    ],
    ids=brief_ids(),
)
def test_a_header_that_lies_is_a_named_problem(content, fault):
    header, problems, _ = header_of(content)
    assert header is None
    assert problems[0].startswith("model.safetensors is no valid safetensors file: ")
    assert fault in problems[0]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a\x00b", "\u202egnp.exe", "/abs", "x" * 9999]
)
def test_odd_names_of_tensors_are_names_and_nothing_else(name):
    header, problems, _ = header_of(packed({name: GOOD, "b": NEXT | {"shape": [9]}}, bytes(16)))
    assert header is None
    assert all(character.isprintable() for character in problems[0])
    assert header_of(packed({name: GOOD}, bytes(8)))[0].by_dtype == {"F32": 2}


def test_a_file_that_is_shorter_than_listed_is_named():
    class Short(MemoryReader):
        def size(self, path):
            return 10_000

    problems = Problems()
    assert read_header(Short({PATH: packed({"w": GOOD})[:-1]}), PATH, problems) is None
    assert "shorter than its source says" in problems.found[0]


def test_a_file_that_is_refused_is_named():
    class Refusing(MemoryReader):
        def read_range(self, path, start, end):
            raise UpstreamForbiddenError("acme/model is gated")

    problems = Problems()
    assert read_header(Refusing({PATH: bytes(99)}), PATH, problems) is None
    assert problems.found == ["model.safetensors cannot be read: acme/model is gated"]


@pytest.mark.parametrize(
    "content",
    [b"[" + b"[]," * 700_000 + b"[]]", b'{"a":"' + b"x" * (17 << 20) + b'"}',
     b'{"a":"' + "ü".encode() * (3 << 20) + b'"}'],
    ids=["many values", "many bytes", "wide characters"],
)  # fmt: skip
def test_a_table_that_would_fill_memory_is_refused_before_it_is_parsed(content):
    with pytest.raises(InvalidInputError, match=r"it holds too much|it is large and not ASCII"):
        parse_table(content)
